"""The triggers that make the log append-only, and how pruning gets past them.

The migration `0002_triggers_and_indexes` makes them; they refuse UPDATE, DELETE, REPLACE and
TRUNCATE on entries and seals, whoever asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

ENTRIES: Final = "assignments_logentry"
SEALS: Final = "assignments_logseal"


@contextmanager
def deletes_allowed(connection: BaseDatabaseWrapper, table: str) -> Iterator[None]:
    """Allow this transaction, and no other, to delete rows of an append-only table.

    If the block fails, the transaction it is in takes this back as well.
    """
    if connection.vendor == "postgresql":
        # Excludes others that write, but not those that read.
        trigger = f"ALTER TABLE {table} {{}} TRIGGER log_is_append_only"
        off, on = trigger.format("DISABLE"), trigger.format("ENABLE")
    else:
        name = f"{table}_refuses_delete"
        off, on = f"DROP TRIGGER {name}", _sqlite_trigger(connection, name)
    with connection.cursor() as cursor:
        cursor.execute(off)
        yield
        cursor.execute(on)


def _sqlite_trigger(connection: BaseDatabaseWrapper, name: str) -> str:
    """Return the statement that made a trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [name])
        (statement,) = cursor.fetchone()
    return str(statement)
