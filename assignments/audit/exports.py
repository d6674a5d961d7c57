"""Handing the log out: CSV for people, JSON lines that can be verified without this product."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final, Literal

from django.db import transaction

from assignments.audit import jsonlines, spreadsheet
from assignments.audit.actors import Actor
from assignments.audit.lines import entry_lines
from assignments.audit.log import Event, record
from assignments.audit.reading import sought, terms
from assignments.audit.search import Search, matching
from assignments.audit.tree import Frontier
from assignments.models import LogEntry, LogHead

Format = Literal["csv", "jsonl"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "jsonl")
CHUNK: Final = 1_000


def export_log(
    *,
    search: Search,
    format: Format,  # noqa: A002  the word that people know it by
    by: Actor,
    now: datetime,
    out: BinaryIO,
) -> int:
    """Write the entries that fit, oldest first, and record that they were handed out.

    Returns how many were written; nothing is locked while that goes on.
    """
    written = export(search, format, out, now=now)
    event = Event(
        action="log.exported",
        subject="log",
        result=format,
        people=sought(search),
        detail={"entries": written, "search": terms(search)},
    )
    with transaction.atomic():
        record(event, by=by, at=now)
    return written


def export(
    search: Search,
    format: Format,  # noqa: A002  the word that people know it by
    out: BinaryIO,
    *,
    now: datetime,
) -> int:
    """Write the entries that fit and are there now, oldest first; return how many."""
    head = LogHead.objects.get()
    entries = _chunks(search, head.size)
    if format == "csv":
        return _write_csv(entries, out)
    return _write_jsonl(entries, out, search, head, now)


def _write_csv(entries: Iterator[list[LogEntry]], out: BinaryIO) -> int:
    written = 0
    out.write(spreadsheet.heading().encode())
    for chunk in entries:
        out.write(spreadsheet.lines(entry_lines(chunk)).encode())
        written += len(chunk)
    return written


def _write_jsonl(
    entries: Iterator[list[LogEntry]], out: BinaryIO, search: Search, head: LogHead, now: datetime
) -> int:
    written = 0
    out.write(jsonlines.heading(search, now))
    for chunk in entries:
        out.write(jsonlines.lines(chunk))
        written += len(chunk)
    out.write(jsonlines.ending(written, Frontier.from_bytes(head.size, bytes(head.frontier))))
    return written


def _chunks(search: Search, size: int) -> Iterator[list[LogEntry]]:
    fitting = matching(search).filter(seq__lt=size).order_by("seq")
    after = -1
    while chunk := list(fitting.filter(seq__gt=after)[:CHUNK]):
        yield chunk
        after = chunk[-1].seq
