"""Entries as table rows with local and UTC time, and as CSV in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO, Final

from django.utils import timezone

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.commitments import clear_values
from assignments.audit.entries.readable import body_of, commitments, party_of
from assignments.audit.entries.sentences import batch_number, sentence
from assignments.audit.export.scope import ExportScope, Progress, StoredEntry

BYTE_ORDER_MARK: Final = "\ufeff"
# Characters that make spreadsheets read a cell as a formula, with their full-width forms.
_FORMULA: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_SPACE: Final = tuple(" \t\r\n\v\f\u00a0\u3000")
_SUSPECT: Final = frozenset((*_FORMULA, *_SPACE))
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
# Names kept in memory between chunks: most entries are about the same people.
_MAX_NAMES: Final = 2_000


def write_csv(scope: ExportScope, out: BinaryIO, *, progress: Progress) -> int:
    """Write the entries as CSV for a spreadsheet; return how many."""
    count = 0
    # Spreadsheets recognise UTF-8 by this mark.
    out.write((BYTE_ORDER_MARK + to_csv_lines([header_cells()])).encode())
    for rows in entry_rows(scope, progress):
        out.write(to_csv_lines(rows).encode(errors="replace"))
        count += len(rows)
    return count


def header_cells() -> list[str]:
    """Return the cells of the header row."""
    zone = timezone.get_default_timezone_name()
    return ["Entry", f"Time ({zone})", "Time (UTC)", *_HEADINGS]


def entry_rows(scope: ExportScope, progress: Progress) -> Iterator[list[list[str]]]:
    """Yield the entries as rows of cells, one chunk at a time."""
    names: dict[str, str] = {}
    for chunk in scope.chunks(progress):
        bodies = [body_of(entry.seq, entry.body) for entry in chunk]
        _load_names(names, bodies)
        yield [_cells(entry, body, names) for entry, body in zip(chunk, bodies, strict=True)]


def to_csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows as CSV text, with formulas escaped."""
    text = io.StringIO()
    # Only suspicious cells cost a function call.
    csv.writer(text).writerows(
        [escape_formula(cell) if cell[:1] in _SUSPECT else cell for cell in row] for row in rows
    )
    return text.getvalue()


def escape_formula(cell: str) -> str:
    """Prefix the cell with an apostrophe if a spreadsheet could read it as a formula."""
    is_formula = cell.lstrip().startswith(_FORMULA) or cell.startswith(("\t", "\r", "\n"))
    return f"'{cell}" if is_formula else cell


def _load_names(names: dict[str, str], bodies: Iterable[Entry]) -> None:
    """Add the clear values of the commitments in the bodies."""
    needed = {commit for body in bodies for commit in commitments(body)}
    if len(names) > _MAX_NAMES:
        names.clear()
    names |= clear_values(needed - names.keys())


def _cells(entry: StoredEntry, body: Entry, names: Mapping[str, str]) -> list[str]:
    at, actor, detail = body["at"], party_of(body["actor"], names), body["detail"]
    people = [party_of(person, names) for person in body["people"]]
    people_names = ", ".join(map(str, people))
    content = detail.get("content")
    content = content if isinstance(content, Mapping) else {}
    return [
        str(entry.seq),
        f"{_local_minute(at[:16])}{at[16:19]}",
        f"{at[:10]} {at[11:19]}",
        str(actor),
        actor.email,
        actor.ref,
        str(body["actor"].get("means", "")),
        sentence(body, people_names or "somebody"),
        body["action"],
        body["result"],
        batch_number(body["batch"]),
        people_names,
        ", ".join([person.email for person in people]),
        ", ".join([person.reference for person in people]),
        str(content.get("title", "")),
        str(content.get("reference", "")),
        str(detail.get("remote_id", "")),
        str(detail.get("problem", "")),
        body["subject"],
        body["account"],
        body["request_id"],
    ]


@lru_cache(maxsize=4_096)
def _convert_minute(minute: str, zone: str) -> str:
    moment = datetime.fromisoformat(f"{minute}+00:00")
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%Y-%m-%d %H:%M}"


def _local_minute(minute: str) -> str:
    """Convert a minute from UTC to the organisation's time zone, cached; seconds do not change."""
    return _convert_minute(minute, timezone.get_default_timezone_name())
