"""Read the log's entries in order, exactly as they are stored."""

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Func, QuerySet, TextField

from assignments.audit.entries.canonical import INDEXES
from assignments.audit.integrity.entry_rules import Row
from assignments.models import LogEntry
from assignments.models.sql.bulk import release_memory

# Fits the cache of a processor: 2,048 at a time take a fifth longer.
CHUNK: Final = 512


def chunks(start: int, stop: int) -> Iterator[list[Row]]:
    """Yield the entries from `start` up to, not including, `stop`, up to CHUNK at a time."""
    entries = LogEntry.objects.filter(seq__lt=stop).order_by("seq")
    while chunk := list(stored_rows(entries.filter(seq__gte=start)[:CHUNK])):
        yield chunk
        release_memory()
        start = chunk[-1].seq + 1


def stored_rows(entries: QuerySet[LogEntry]) -> Iterator[Row]:
    """Return the rows of these entries, with every column as the database driver gives it."""
    # As text: a value that is not a time has to be reported, not to fail when it is read.
    moment = Func("at", "at", function="COALESCE", output_field=TextField())
    rows = entries.annotate(moment=moment).values_list(
        "body", "leaf", "mac", "mac_key", "moment", *INDEXES
    )
    return (_row(*row) for row in rows)


# SQLite stores a value of any type in a column of any type if somebody writes it there.
type Stored = Any


def _row(body: Stored, leaf: Stored, mac: Stored, mac_key: Stored, *columns: Stored) -> Row:
    if not (type(body) is type(leaf) is type(mac) is bytes):
        body, leaf, mac = as_bytes(body), as_bytes(leaf), as_bytes(mac)
    return Row(columns[1], body, leaf, mac, mac_key, columns)


def as_bytes(value: Stored) -> bytes:
    """Return the value of a binary column as bytes."""
    # SQLite stores text in a binary column if somebody writes it there.
    return value.encode() if isinstance(value, str) else bytes(value)
