"""The database's own refusal: no entry is changed or removed, whoever asks."""

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

# Written out, because migrations use this before the models exist.
TABLE: Final = "assignments_logentry"
REFUSAL: Final = "The audit log is append-only: entries are never changed or removed."

_BEFORE: Final = {
    "the_log_is_not_changed": "UPDATE ON {table}",
    "the_log_is_not_shortened": "DELETE ON {table}",
    # INSERT OR REPLACE removes the old row without a DELETE that a trigger would see.
    "the_log_is_not_replaced": (
        "INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq)"
    ),
}
_INSTALL: Final = {
    "sqlite": [
        f"CREATE TRIGGER {name} BEFORE {event.format(table=TABLE)} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for name, event in _BEFORE.items()
    ],
    "postgresql": [
        "CREATE FUNCTION refuse_to_change_the_log() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$",
        "CREATE TRIGGER the_log_is_append_only "
        f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log()",
    ],
}
_REMOVE: Final = {
    "sqlite": [f"DROP TRIGGER IF EXISTS {name}" for name in _BEFORE],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS the_log_is_append_only ON {TABLE}",
        "DROP FUNCTION IF EXISTS refuse_to_change_the_log()",
    ],
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse UPDATE, DELETE, REPLACE and TRUNCATE on entries."""
    _run(connection, _INSTALL[connection.vendor])


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the refusal away again; only for undoing a migration and for tests."""
    _run(connection, _REMOVE[connection.vendor])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
