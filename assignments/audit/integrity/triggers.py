"""Allow deletes in spite of the triggers that make the log append-only, for pruning.

The triggers are created by the migration `0002_triggers_and_indexes`. They refuse UPDATE, DELETE,
REPLACE and TRUNCATE on entries, seals and pinned keys to every role, and all of these but DELETE on
names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db.backends.base.base import BaseDatabaseWrapper

ENTRIES: Final = "assignments_logentry"
SEALS: Final = "assignments_logseal"
MAC_KEYS: Final = "assignments_logmackey"
NAMES: Final = "assignments_personalvalue"


@contextmanager
def deletes_allowed(connection: BaseDatabaseWrapper, table: str) -> Iterator[None]:
    """Allow only this transaction to delete rows of an append-only table.

    If the block raises, the rollback of the transaction restores the trigger.
    """
    if connection.vendor == "postgresql":
        # The lock that this takes blocks other writers, but not readers.
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
    """Return the statement that created a trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [name])
        (statement,) = cursor.fetchone()
    return str(statement)
