"""Detect which columns of a file hold the people, the content and the due dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from assignments.services.picking.pasted_lists.people_lookup import Match, PeopleLookup
from assignments.services.picking.uploads.column_headings import identifies_people, names_managers
from assignments.services.picking.uploads.errors import ADD_A_HEADING, UploadRefused
from assignments.services.picking.uploads.first_table import FirstTable
from assignments.services.picking.uploads.item_columns import (
    FEW,
    content_candidates,
    difference,
    due_candidates,
)
from assignments.services.planning import own_terms

SAMPLE: Final = 1_000
# Columns that name different people in fewer rows than this part are meant to name the same ones.
_TYPING_ERRORS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Columns:
    """The chosen columns of a file by index from 0; those of terms by the names of the terms.

    :ivar dates: a `DateOrder` for dates such as 03/04/2027, or "" to judge by the column
    """

    person: int
    content: int | None = None
    due: int | None = None
    dates: str = ""
    progress: int | None = None
    assigned_at: int | None = None
    external_reference: int | None = None
    source_status: int | None = None
    passthrough: int | None = None

    @property
    def of_terms(self) -> dict[str, int]:
        """The columns whose cells are terms of their rows, by the name of the term."""
        columns = {name: getattr(self, name) for name in own_terms.NAMES}
        return {name: column for name, column in columns.items() if column is not None}


class PeopleCount(NamedTuple):
    """How many different people a column names, in how many of its filled cells; a first one."""

    people: int
    cells: int
    filled: int
    example: str

    @property
    def repeats_people(self) -> bool:
        """Whether the column names each person more than twice, as one of managers does."""
        return 2 * self.people < self.cells


@dataclass(frozen=True, slots=True)
class Detection:
    """The columns that could hold people, content and due dates, each likeliest first.

    A single candidate is proposed, and a person has to choose between several. There is none for
    people if no column names anybody, if only columns with a heading of managers do, or if another
    column is more likely that of the people, although the LMS knows few of them.
    """

    person: list[int]
    content: list[int]
    due: list[int]
    people_counts: list[PeopleCount]


def detect_columns(
    account_pk: int, heading: Sequence[str], rows: Sequence[Sequence[str]]
) -> Detection:
    """Detect the columns by the cells of some rows that identify people and content.

    The due date is detected by its heading and its dates. Rows with more cells than the heading,
    and those of a second table, do not count, as they are refused: their cells are in wrong
    columns. Somebody confirms the result before it is used.

    :raises UploadRefused: if the heading names somebody, so that it is a row like the others
    """
    width = len(heading)
    table = FirstTable(heading)
    fitting = [
        row
        for number, row in enumerate(rows, 1)
        if not table.why_outside((number, list(row))) and not any(row[width:])
    ] or rows
    columns = [[row[n] if n < len(row) else "" for row in fitting] for n in range(width)]
    lookup = PeopleLookup(account_pk, {*heading, *(cell for cells in columns for cell in cells)})
    _refuse_a_person_as_heading(lookup, heading)
    people = [[_identity(lookup.find(cell)) for cell in cells] for cells in columns]
    counts = [_count(*named) for named in zip(columns, people, strict=True)]
    person = _person_candidates(heading, people, counts)
    if person and _is_doubtful(heading, columns, counts, person[0]):
        person = []
    likeliest = max(range(width), key=lambda n: counts[n].people)
    others = [n for n in range(width) if n not in (person or [likeliest])]
    content = content_candidates(account_pk, {n: columns[n] for n in others})
    others = [n for n in others if n not in content] if content else []
    due = due_candidates(heading, {n: columns[n] for n in others})
    return Detection(person, content, due, counts)


def people_columns(heading: Sequence[str], people_counts: Sequence[PeopleCount]) -> str:
    """Return the columns that name people, each with an example."""
    return ", ".join(
        f"“{name}” (such as {count.example})"
        for name, count in zip(heading, people_counts, strict=True)
        if count.people
    )


def _refuse_a_person_as_heading(lookup: PeopleLookup, heading: Sequence[str]) -> None:
    for cell in heading:
        if _identity(lookup.find(cell)):
            raise UploadRefused(
                f"The first row looks like data: “{cell}” is somebody in the LMS. {ADD_A_HEADING}"
            )


def _identity(match: Match) -> tuple[int, ...]:
    """Return the primary keys of the people whom an identifier may belong to."""
    people = match.candidates or ((match.person,) if match.person else ())
    return tuple(person.pk for person in people)


def _count(cells: Sequence[str], people: Sequence[tuple[int, ...]]) -> PeopleCount:
    named = [cell for cell, identity in zip(cells, people, strict=True) if identity]
    return PeopleCount(
        people=len(set(people) - {()}),
        cells=len(named),
        filled=sum(map(bool, cells)),
        example=named[0] if named else "",
    )


def _person_candidates(
    heading: Sequence[str],
    people: Sequence[Sequence[tuple[int, ...]]],
    counts: Sequence[PeopleCount],
) -> list[int]:
    """Return the column that names most different people, and others that name other people.

    An only column is meant even if it names nobody, unless it names managers.
    """
    possible = [
        n
        for n, count in enumerate(counts)
        if (count.people or len(counts) == 1) and not names_managers(heading[n])
    ]
    best = max(possible, key=lambda n: (counts[n].people, counts[n].cells), default=None)
    if best is None:
        return []
    rivals = [
        n
        for n in possible
        if n != best
        and _may_be_meant(counts[n], counts[best])
        and difference(people[n], people[best]) > _TYPING_ERRORS
    ]
    return [best, *rivals]


def _may_be_meant(count: PeopleCount, best: PeopleCount) -> bool:
    """Return whether a column could name the people: not few, and no more often repeated."""
    is_less_repeated = 2 * count.people * best.cells >= best.people * count.cells
    return count.people >= best.people * FEW and is_less_repeated


def _is_doubtful(
    heading: Sequence[str],
    columns: Sequence[Sequence[str]],
    counts: Sequence[PeopleCount],
    best: int,
) -> bool:
    """Return whether another column is more likely that of the people, who are not known yet.

    Its heading announces them, and it has more different values than the best column names people:
    twice as many if that has such a heading, too, and names everybody more than twice. A single
    person may be named by accident, as by the number of weekly hours.
    """
    announces = identifies_people(heading[best])
    if announces and not counts[best].repeats_people:
        return False
    people = counts[best].people
    fewest = 2 * people if announces else people if people > 1 else 0
    return any(
        n != best
        and identifies_people(name)
        and len(set(columns[n]) - {""}) > fewest
        and counts[n].people < counts[best].people * FEW
        for n, name in enumerate(heading)
    )
