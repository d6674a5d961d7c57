"""Reading the log's entries in order, as they are stored."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Func, QuerySet, TextField

from assignments.audit.entries.canonical import INDEXES
from assignments.audit.integrity.entry_rules import Row
from assignments.models import LogEntry
from assignments.models.sql.bulk import release_memory

# What fits a processor's cache: four times as many take a fifth longer.
CHUNK: Final = 512


def chunks(start: int, stop: int) -> Iterator[list[Row]]:
    """Yield the entries with numbers from `start` on and below `stop`, many at a time."""
    entries = LogEntry.objects.filter(seq__lt=stop).order_by("seq")
    while chunk := list(stored_rows(entries.filter(seq__gte=start)[:CHUNK])):
        yield chunk
        release_memory()
        start = chunk[-1].seq + 1


def stored_rows(entries: QuerySet[LogEntry]) -> Iterator[Row]:
    """Yield entries as they are stored."""
    # The time as the driver gives it: what is no time at all must be named, not fail to be read.
    moment = Func("at", "at", function="COALESCE", output_field=TextField())
    found = entries.annotate(moment=moment).values_list("body", "leaf", "moment", *INDEXES)
    return (_row(*row) for row in found)


def _row(body: Any, leaf: Any, *columns: Any) -> Row:
    if type(body) is not bytes or type(leaf) is not bytes:
        body, leaf = as_bytes(body), as_bytes(leaf)
    return Row(columns[1], body, leaf, columns)


def as_bytes(value: Any) -> bytes:
    """Return what a column of bytes holds."""
    # SQLite keeps text in a column of bytes if somebody puts it there.
    return value.encode() if isinstance(value, str) else bytes(value)
