"""Secure deletion: overwrite the bytes of deleted rows.

SQLite overwrites deleted content (`PRAGMA secure_delete`) except in three places: segments of the
trigram index until they are merged, free pages, and the write-ahead log. PostgreSQL keeps dead rows
until VACUUM.
"""

import logging
from typing import Final

from django.db import Error, connection

from assignments.models.sql.statements import format_sql
from assignments.models.sql.trigram_index import TrigramIndex

log = logging.getLogger("assignments.database")
# Bytes; the limit of SQLite is a gigabyte.
MAX_BLOB_BYTES: Final = 1 << 28
TABLES: Final = (
    "assignments_personalvalue",
    "assignments_batch",
    "access_user",
)
NOT_OVERWRITTEN: Final = (
    "Erased data is still in the database's journal, because the journal is in use: %s. It is "
    "removed once everything that uses the database has been stopped."
)


def overwrite_deleted(index: TrigramIndex) -> bool:
    """Overwrite deleted content and return whether all is gone; must run outside a transaction.

    :param index: the trigram index of the rows that were changed or deleted
    """
    try:
        is_complete = _overwrite_sqlite(index) if connection.vendor == "sqlite" else _vacuum(index)
    except Error as error:
        log.warning(NOT_OVERWRITTEN, str(error).partition("\n")[0])
        return False
    if not is_complete:
        log.warning(NOT_OVERWRITTEN, "another connection reads it")
    return is_complete


def _overwrite_sqlite(index: TrigramIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete=ON")
        optimize = "INSERT INTO {index} ({index}) VALUES ('optimize')"
        cursor.execute(format_sql(optimize, index=index.name))
        _fill_empty_pages()
        cursor.execute("PRAGMA secure_delete=FAST")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, *_ = cursor.fetchone()
    return not is_busy


def _fill_empty_pages() -> None:
    """Overwrite free pages with zeros, by a table that takes all of them."""
    with connection.cursor() as cursor:
        size = _number("PRAGMA page_size") * _number("PRAGMA freelist_count")
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("CREATE TABLE assignments_zeros (zeros BLOB)")
        for at in range(0, size, MAX_BLOB_BYTES):
            cursor.execute(
                "INSERT INTO assignments_zeros VALUES (zeroblob(%s))",
                [min(MAX_BLOB_BYTES, size - at)],
            )
        cursor.execute("DROP TABLE assignments_zeros")
        cursor.execute("COMMIT")


def _number(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _vacuum(index: TrigramIndex) -> bool:
    with connection.cursor() as cursor:
        for table in (index.table, *TABLES):
            cursor.execute(format_sql("VACUUM {table}", table=table))
    return True
