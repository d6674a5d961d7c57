"""Letting the bytes of what was deleted be gone, and not only the rows.

SQLite overwrites what is deleted (`PRAGMA secure_delete`), and still holds it in three places: the
index of trigrams until its parts are merged, pages that hold nothing now, and the write-ahead log.
PostgreSQL keeps dead rows until they are vacuumed.
"""

import logging
from typing import Final

from django.db import Error, connection

from assignments.models.sql.trigram_index import Trigrams

log = logging.getLogger("assignments.database")
# Of a blob SQLite takes a gigabyte at most.
BLOB: Final = 1 << 28
TABLES: Final = (
    "assignments_personalvalue",
    "assignments_batch",
    "access_user",
)
NOT_GONE: Final = (
    "What was erased still stands in the database's own journal, because it is in use: %s. It goes "
    "when everything that uses the database was stopped once."
)


def wipe(index: Trigrams) -> bool:
    """Overwrite what was deleted; outside a transaction. Return whether all of it is gone.

    :param index: over the rows that were changed or deleted
    """
    try:
        is_gone = _wipe_sqlite(index) if connection.vendor == "sqlite" else _vacuum(index)
    except Error as error:
        log.warning(NOT_GONE, str(error).partition("\n")[0])
        return False
    if not is_gone:
        log.warning(NOT_GONE, "somebody reads it")
    return is_gone


def _wipe_sqlite(index: Trigrams) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute(f"INSERT INTO {index.name} ({index.name}) VALUES ('optimize')")  # noqa: S608  # nosec B608
        _fill_empty_pages()
        cursor.execute("PRAGMA secure_delete=FAST")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, *_ = cursor.fetchone()
    return not is_busy


def _fill_empty_pages() -> None:
    """Write zeros over the pages that hold nothing now."""
    with connection.cursor() as cursor:
        size = _number("PRAGMA page_size") * _number("PRAGMA freelist_count")
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("CREATE TABLE assignments_zeros (zeros BLOB)")
        for at in range(0, size, BLOB):
            cursor.execute(
                "INSERT INTO assignments_zeros VALUES (zeroblob(%s))", [min(BLOB, size - at)]
            )
        cursor.execute("DROP TABLE assignments_zeros")
        cursor.execute("COMMIT")


def _number(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _vacuum(index: Trigrams) -> bool:
    with connection.cursor() as cursor:
        for table in (index.table, *TABLES):
            cursor.execute(f"VACUUM {table}")
    return True
