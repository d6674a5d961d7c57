"""The database's own refusal: no entry is changed or removed, whoever asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

# Written out, because migrations use this before the models exist.
ENTRIES: Final = "assignments_logentry"
SEALS: Final = "assignments_logseal"
KEYS: Final = {ENTRIES: "seq", SEALS: "number"}
REFUSAL: Final = "The audit log is append-only: entries and seals are never changed or removed."

# On PostgreSQL; on SQLite there is one for each thing that is refused.
_NAME: Final = "the_log_is_append_only"
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


@contextmanager
def lifted(connection: BaseDatabaseWrapper, table: str) -> Iterator[None]:
    """Let the rows of a table be removed in this block, for nobody else and in a transaction.

    If the block fails, the transaction it is in takes this back as well.
    """
    if connection.vendor == "postgresql":
        # Excludes others that write, but not those that read.
        off, on = (f"ALTER TABLE {table} {word} TRIGGER {_NAME}" for word in ("DISABLE", "ENABLE"))
    else:
        name = next(name for name in _BEFORE if name.endswith("_is_not_shortened"))
        off, on = f"DROP TRIGGER {name.format(table=table)}", _trigger(name, table)
    _run(connection, [off])
    yield
    _run(connection, [on])


def _refusal(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [
            f"CREATE TRIGGER {_NAME} "
            f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log()"
        ]
    return [_trigger(name, table) for name in _BEFORE]


def _trigger(name: str, table: str) -> str:
    return (
        f"CREATE TRIGGER {name.format(table=table)} "
        f"BEFORE {_BEFORE[name].format(table=table, key=KEYS[table])} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )


def _removal(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [f"DROP TRIGGER IF EXISTS {_NAME} ON {table}"]
    earlier = ["the_log_is_not_changed", "the_log_is_not_shortened", "the_log_is_not_replaced"]
    names = [name.format(table=table) for name in _BEFORE] + (earlier if table == ENTRIES else [])
    return [f"DROP TRIGGER IF EXISTS {name}" for name in names]


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
