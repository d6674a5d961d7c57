"""Entries as rows of a table: readable, times twice; and as CSV in which no cell is a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO, Final

from django.utils import timezone

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.commitments import clear_values
from assignments.audit.entries.readable import body_of, commitments, party
from assignments.audit.entries.sentences import batch_number, sentence
from assignments.audit.export.scope import Population, Stored, Tell

BYTE_ORDER_MARK: Final = "\ufeff"
# What spreadsheets take for the beginning of a formula, in the letters of East Asia as well.
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
# So many names are remembered, for most entries are about the same people.
_MOST_NAMES: Final = 2_000


def write_csv(population: Population, out: BinaryIO, *, tell: Tell) -> int:
    """Write the entries as a spreadsheet opens them; return how many."""
    count = 0
    # The mark is what spreadsheets know UTF-8 by.
    out.write((BYTE_ORDER_MARK + written([heading()])).encode())
    for rows in tables(population, tell):
        out.write(written(rows).encode(errors="replace"))
        count += len(rows)
    return count


def heading() -> list[str]:
    """Return the cells of the first row."""
    zone = timezone.get_default_timezone_name()
    return ["Entry", f"Time ({zone})", "Time (UTC)", *_HEADINGS]


def tables(population: Population, tell: Tell) -> Iterator[list[list[str]]]:
    """Yield the entries as rows of cells, many at a time."""
    clear: dict[str, str] = {}
    for chunk in population.chunks(tell):
        bodies = [body_of(entry.seq, entry.body) for entry in chunk]
        _learn(clear, bodies)
        yield [_cells(entry, body, clear) for entry, body in zip(chunk, bodies, strict=True)]


def written(rows: Iterable[Sequence[str]]) -> str:
    """Return the rows as lines of CSV."""
    text = io.StringIO()
    # Nearly all cells need no second look, so there is no call for each of them.
    csv.writer(text).writerows(
        [safe(cell) if cell[:1] in _SUSPECT else cell for cell in row] for row in rows
    )
    return text.getvalue()


def safe(cell: str) -> str:
    """Return the cell so that no spreadsheet takes it for a formula."""
    is_formula = cell.lstrip().startswith(_FORMULA) or cell.startswith(("\t", "\r", "\n"))
    return f"'{cell}" if is_formula else cell


def _learn(clear: dict[str, str], bodies: Iterable[Entry]) -> None:
    wanted = {commit for body in bodies for commit in commitments(body)}
    if len(clear) > _MOST_NAMES:
        clear.clear()
    clear |= clear_values(wanted - clear.keys())


def _cells(entry: Stored, body: Entry, clear: Mapping[str, str]) -> list[str]:
    at, actor, detail = body["at"], party(body["actor"], clear), body["detail"]
    people = [party(somebody, clear) for somebody in body["people"]]
    names = ", ".join(map(str, people))
    content = detail.get("content")
    content = content if isinstance(content, Mapping) else {}
    return [
        str(entry.seq),
        f"{_here(at[:16])}{at[16:19]}",
        f"{at[:10]} {at[11:19]}",
        str(actor),
        actor.email,
        actor.ref,
        str(body["actor"].get("means", "")),
        sentence(body, names or "somebody"),
        body["action"],
        body["result"],
        batch_number(body["batch"]),
        names,
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
def _minute(minute: str, zone: str) -> str:
    moment = datetime.fromisoformat(f"{minute}+00:00")
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%Y-%m-%d %H:%M}"


def _here(minute: str) -> str:
    """Return a minute of UTC in the organisation's zone; seconds are the same in all of them."""
    return _minute(minute, timezone.get_default_timezone_name())
