"""Entries as CSV that a spreadsheet opens: readable, times twice, no cell taken for a formula."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC
from typing import Final

from django.utils import timezone

from assignments.audit.lines import EntryLine

_BYTE_ORDER_MARK: Final = "\ufeff"
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_MOMENT: Final = "%Y-%m-%d %H:%M:%S"
_HEADINGS: Final = (
    "Done by",
    "Done by: e-mail",
    "Done by: id",
    "Through",
    "What happened",
    "Action",
    "Result",
    "Batch",
    "Person",
    "Person: e-mail",
    "Person: reference",
    "Content",
    "Content: reference",
    "LMS record",
    "Problem",
    "Subject",
    "Account",
    "Request",
)


def heading() -> str:
    """Return the first line, after the mark by which spreadsheets know UTF-8."""
    zone = timezone.get_default_timezone_name()
    return _BYTE_ORDER_MARK + _written([["Entry", f"Time ({zone})", "Time (UTC)", *_HEADINGS]])


def lines(entries: Iterable[EntryLine]) -> str:
    """Return one line for each entry."""
    return _written([*_moments(entry), *_who(entry), *_what(entry)] for entry in entries)


def safe(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def _moments(entry: EntryLine) -> list[str]:
    here = entry.at.astimezone(timezone.get_default_timezone())
    return [str(entry.seq), here.strftime(_MOMENT), entry.at.astimezone(UTC).strftime(_MOMENT)]


def _who(entry: EntryLine) -> list[str]:
    actor, body = entry.actor, entry.body
    return [str(actor), actor.email, actor.ref, str(body["actor"].get("means", ""))]


def _what(entry: EntryLine) -> list[str]:
    detail = entry.body["detail"]
    content = detail.get("content") or {}
    return [
        entry.sentence,
        entry.action,
        entry.result,
        entry.batch_number,
        ", ".join(map(str, entry.people)),
        ", ".join(person.email for person in entry.people),
        ", ".join(person.reference for person in entry.people),
        str(content.get("title", "")),
        str(content.get("reference", "")),
        str(detail.get("remote_id", "")),
        str(detail.get("problem", "")),
        entry.body["subject"],
        entry.body["account"],
        entry.request_id,
    ]


def _written(rows: Iterable[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    return text.getvalue()
