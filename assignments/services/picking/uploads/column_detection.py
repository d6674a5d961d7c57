"""Detect which columns of a file hold the people, the content and the due dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assignments.services.picking.pasted_lists import people_lookup
from assignments.services.picking.uploads import content_lookup, dates

SAMPLE: Final = 1_000
_DUE_HEADING: Final = re.compile(r"\b(?:due|deadline|until|complete by|finish)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file by index from 0; `day_first` reads 03/04/2027 as 3 April."""

    person: int
    content: int | None = None
    due: int | None = None
    day_first: bool = True


@dataclass(frozen=True, slots=True)
class Detection:
    """The likeliest columns; and for every column how many cells identify people, of how many."""

    columns: Columns
    people_counts: list[tuple[int, int]]


def detect_columns(
    account_pk: int, heading: Sequence[str], rows: Sequence[Sequence[str]]
) -> Detection:
    """Detect the columns by the cells of some rows that identify people and content.

    The due date is detected by its heading. Somebody confirms the result before it is used.
    """
    columns = [[row[n] for row in rows if n < len(row) and row[n]] for n in range(len(heading))]
    cells = {cell for column in columns for cell in column}
    people_counts = _count_people(account_pk, columns, cells)
    content_counts = _count_contents(account_pk, columns, cells)
    person = max(range(len(heading)), key=lambda n: people_counts[n])
    others = [n for n in range(len(heading)) if n != person]
    content = max(others, key=lambda n: content_counts[n], default=None)
    if content is not None and not content_counts[content]:
        content = None
    due = None
    if content is not None:
        due = next((n for n in others if n != content and _DUE_HEADING.search(heading[n])), None)
    day_first = True if due is None else dates.is_day_first(columns[due])
    filled = [(count, len(column)) for count, column in zip(people_counts, columns, strict=True)]
    return Detection(Columns(person, content, due, day_first), filled)


def _count_people(account_pk: int, columns: list[list[str]], cells: set[str]) -> list[int]:
    lookup = people_lookup.PeopleLookup(account_pk, cells)
    no_match = people_lookup.NO_MATCH
    return [sum(lookup.find(cell).problem != no_match for cell in column) for column in columns]


def _count_contents(account_pk: int, columns: list[list[str]], cells: set[str]) -> list[int]:
    lookup = content_lookup.ContentLookup(account_pk, cells)
    no_match = content_lookup.NO_MATCH
    return [sum(lookup.find(cell)[1] != no_match for cell in column) for column in columns]
