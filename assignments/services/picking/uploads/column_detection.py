"""Detect which columns of a file hold the people, the content and the due dates."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from assignments.services.picking.pasted_lists.people_lookup import Match, PeopleLookup
from assignments.services.picking.uploads import content_lookup, dates
from assignments.services.picking.uploads.errors import ADD_A_HEADING, UploadRefused

SAMPLE: Final = 1_000
_DUE_HEADING: Final = re.compile(r"\b(?:due|deadline|until|complete by|finish)", re.IGNORECASE)
# English, German, French, Spanish, Portuguese, Italian, Dutch and Polish.
_MANAGER_HEADING: Final = re.compile(
    r"manager|supervisor|approver|\breports? to\b|\bboss\b|\bteam ?lead|\bmentor|\bbuddy\b"
    r"|vorgesetzt|führungskraft|genehmig|teamleit|responsable|supérieur|approbateur|\bjefe\b|\bjefa\b"
    r"|aprobador|gestor|gerente|\bchefe\b|aprovador|superiore|approvatore|leidinggevend"
    r"|goedkeurder|przełożon|kierownik",
    re.IGNORECASE,
)
# A column with fewer people than this part of the likeliest one does not raise a question.
_FEW: Final = 0.1


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file by index from 0; `day_first` reads 03/04/2027 as 3 April."""

    person: int
    content: int | None = None
    due: int | None = None
    day_first: bool = True


class PeopleCount(NamedTuple):
    """How many different people a column names, in how many of its filled cells; a first one."""

    people: int
    cells: int
    filled: int
    example: str


@dataclass(frozen=True, slots=True)
class Detection:
    """The likeliest columns, and for every column the people whom it names.

    `person` is None if a person has to choose: no column names anybody, several name different
    people, or the only one has the heading of a column of managers.
    """

    person: int | None
    content: int | None
    due: int | None
    day_first: bool
    people_counts: list[PeopleCount]


def detect_columns(
    account_pk: int, heading: Sequence[str], rows: Sequence[Sequence[str]]
) -> Detection:
    """Detect the columns by the cells of some rows that identify people and content.

    The due date is detected by its heading. Somebody confirms the result before it is used.

    :raises UploadRefused: if the heading names somebody, so that it is a row like the others
    """
    columns = [[row[n] if n < len(row) else "" for row in rows] for n in range(len(heading))]
    lookup = PeopleLookup(account_pk, {*heading, *(cell for cells in columns for cell in cells)})
    _refuse_a_person_as_heading(lookup, heading)
    people = [[_identity(lookup.find(cell)) for cell in cells] for cells in columns]
    counts = [_count(*named) for named in zip(columns, people, strict=True)]
    person = _detect_person(heading, people, counts)
    likeliest = max(range(len(heading)), key=lambda n: counts[n].people)
    others = [n for n in range(len(heading)) if n != (likeliest if person is None else person)]
    content = _detect_content(account_pk, columns, others)
    due = None
    if content is not None:
        due = next((n for n in others if n != content and _DUE_HEADING.search(heading[n])), None)
    day_first = True if due is None else dates.is_day_first(columns[due])
    return Detection(person, content, due, day_first, counts)


def people_columns(heading: Sequence[str], detection: Detection) -> str:
    """Return the columns that name people, each with an example."""
    return ", ".join(
        f"“{name}” (such as {count.example})"
        for name, count in zip(heading, detection.people_counts, strict=True)
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


def _detect_person(
    heading: Sequence[str],
    people: Sequence[Sequence[tuple[int, ...]]],
    counts: Sequence[PeopleCount],
) -> int | None:
    """Return the one column that names most different people, or None if that is not clear."""
    possible = [
        n
        for n, count in enumerate(counts)
        if count.people and not _MANAGER_HEADING.search(heading[n])
    ]
    best = max(possible, key=lambda n: (counts[n].people, counts[n].cells), default=None)
    if best is None:
        return None
    is_clear = not any(
        _may_be_meant(counts[n], counts[best]) and _differ(people[n], people[best])
        for n in possible
        if n != best
    )
    return best if is_clear else None


def _may_be_meant(count: PeopleCount, best: PeopleCount) -> bool:
    """Return whether a column could name the people: not few, and seldom somebody twice."""
    return count.people >= best.people * _FEW and 2 * count.people >= count.cells


def _differ(people: Sequence[tuple[int, ...]], best: Sequence[tuple[int, ...]]) -> bool:
    """Return whether two columns name different people in most rows in which both name some."""
    pairs = [pair for pair in zip(people, best, strict=True) if all(pair)]
    return 2 * sum(left == right for left, right in pairs) <= len(pairs)


def _detect_content(
    account_pk: int, columns: Sequence[Sequence[str]], others: Sequence[int]
) -> int | None:
    """Return the column with most references of items, if they are half of its filled cells."""
    lookup = content_lookup.ContentLookup(account_pk, {cell for n in others for cell in columns[n]})
    counts = {
        n: sum(lookup.find(cell)[1] != content_lookup.NO_MATCH for cell in columns[n] if cell)
        for n in others
    }
    content = max(others, key=lambda n: counts[n], default=None)
    if content is None or not counts[content]:
        return None
    filled = sum(map(bool, columns[content]))
    return content if 2 * counts[content] >= filled else None
