"""Which columns of a file name the people, the content and the due dates: a first guess."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assignments.services.picking.pasted_lists.people_lookup import NOBODY, People
from assignments.services.picking.uploads import dates
from assignments.services.picking.uploads.contents import UNKNOWN, Contents

SAMPLE: Final = 1_000
_DUE: Final = re.compile(r"\b(?:due|deadline|until|complete by|finish)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file are, by their places from 0."""

    person: int
    content: int | None = None
    due: int | None = None
    day_first: bool = True


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest columns, and how many cells of each name a person, of how many filled."""

    columns: Columns
    people: list[tuple[int, int]]


def guess(account_pk: int, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Guess:
    """Look at the first rows and guess; the person confirms it."""
    columns = [[row[n] for row in rows if n < len(row) and row[n]] for n in range(len(heading))]
    words = {cell for cells in columns for cell in cells}
    people, contents = People(account_pk, words), Contents(account_pk, words)
    named = [sum(people.named(cell).problem != NOBODY for cell in cells) for cells in columns]
    items = [sum(contents.named(cell)[1] != UNKNOWN for cell in cells) for cells in columns]
    person = max(range(len(heading)), key=lambda n: named[n])
    others = [n for n in range(len(heading)) if n != person]
    content = max(others, key=lambda n: items[n], default=None)
    if content is not None and not items[content]:
        content = None
    due = None if content is None else _due(heading, [n for n in others if n != content])
    day_first = True if due is None else dates.is_day_first(columns[due])
    filled = [(count, len(cells)) for count, cells in zip(named, columns, strict=True)]
    return Guess(Columns(person, content, due, day_first), filled)


def _due(heading: Sequence[str], among: Sequence[int]) -> int | None:
    return next((n for n in among if _DUE.search(heading[n])), None)
