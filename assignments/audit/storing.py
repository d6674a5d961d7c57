"""Adding many rows at once; an entry has no other way in, and none out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import batched
from typing import Any, Final

from django.db import connection

ROWS_AT_ONCE: Final = 100


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert the rows; `table` and `columns` are our own words, never input."""
    one = f"({', '.join(['%s'] * len(columns))})"
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608  names of our own
    with connection.cursor() as cursor:
        for some in batched(rows, ROWS_AT_ONCE, strict=False):
            cursor.execute(into + ", ".join([one] * len(some)), [v for row in some for v in row])


def stored_moment(at: datetime) -> object:
    """Return the moment as the database's driver takes and gives it."""
    return connection.ops.adapt_datetimefield_value(at)
