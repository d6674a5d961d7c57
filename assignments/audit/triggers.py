"""The database's own refusal: no entry is changed or removed, whoever asks."""

from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

# Written out, because migrations use this before the models exist.
ENTRIES: Final = "assignments_logentry"
SEALS: Final = "assignments_logseal"
KEYS: Final = {ENTRIES: "seq", SEALS: "number"}
REFUSAL: Final = "The audit log is append-only: entries and seals are never changed or removed."

_BEFORE: Final = {
    "{table}_is_not_changed": "UPDATE ON {table}",
    "{table}_is_not_shortened": "DELETE ON {table}",
    # INSERT OR REPLACE removes the old row without a DELETE that a trigger would see.
    "{table}_is_not_replaced": (
        "INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"
    ),
}
_FUNCTION: Final = (
    "CREATE OR REPLACE FUNCTION refuse_to_change_the_log() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
)


def install(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Make the database refuse UPDATE, DELETE, REPLACE and TRUNCATE on entries and seals."""
    if connection.vendor == "postgresql":
        _run(connection, [_FUNCTION])
    for table in tables or KEYS:
        _run(connection, [*_removal(connection.vendor, table), *_refusal(connection.vendor, table)])


def remove(connection: BaseDatabaseWrapper, *tables: str) -> None:
    """Take the refusal away again; only for undoing a migration and for tests."""
    for table in tables or KEYS:
        _run(connection, _removal(connection.vendor, table))


def _refusal(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [
            "CREATE TRIGGER the_log_is_append_only "
            f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log()"
        ]
    return [
        f"CREATE TRIGGER {name.format(table=table)} "
        f"BEFORE {event.format(table=table, key=KEYS[table])} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for name, event in _BEFORE.items()
    ]


def _removal(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS the_log_is_append_only ON {table}"]
    earlier = ["the_log_is_not_changed", "the_log_is_not_shortened", "the_log_is_not_replaced"]
    names = [name.format(table=table) for name in _BEFORE] + (earlier if table == ENTRIES else [])
    return [f"DROP TRIGGER IF EXISTS {name}" for name in names]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
