"""Detect the columns of a file that hold the content and the due dates."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from assignments.services.picking.uploads.column_headings import DueHeading, due_heading
from assignments.services.picking.uploads.content_lookup import NO_MATCH, ContentLookup
from assignments.services.planning.written_dates import parse_date

# A column with fewer matches than this part of the likeliest one does not raise a question.
FEW: Final = 0.1


def content_candidates(account_pk: int, columns: Mapping[int, Sequence[str]]) -> list[int]:
    """Return the columns whose cells are references of items."""
    lookup = ContentLookup(account_pk, {cell for cells in columns.values() for cell in cells})
    matches = {n: [_item(lookup, cell) for cell in cells] for n, cells in columns.items()}
    return _candidates(columns, matches)


def _item(lookup: ContentLookup, cell: str) -> object:
    """Return the item that a cell refers to, or why it cannot be used; None if it is no item."""
    content, problem = lookup.find(cell) if cell else (None, NO_MATCH)
    return content or (None if problem == NO_MATCH else problem)


def due_candidates(heading: Sequence[str], columns: Mapping[int, Sequence[str]]) -> list[int]:
    """Return the columns of dates whose heading announces due dates most clearly."""
    for clearness in (DueHeading.CLEARLY, DueHeading.PERHAPS):
        matches = {
            n: [_date(cell) for cell in cells]
            for n, cells in columns.items()
            if due_heading(heading[n]) is clearness
        }
        if candidates := _candidates(columns, matches):
            return candidates
    return []


def _date(cell: str) -> date | None:
    return parse_date(cell, day_first=True) or parse_date(cell, day_first=False)


def _candidates(
    columns: Mapping[int, Sequence[str]], matches: Mapping[int, Sequence[object]]
) -> list[int]:
    """Return the column with most matches, and others that match something else.

    Only columns are considered in which at least half of the filled cells match.
    """
    counts = {n: sum(map(bool, values)) for n, values in matches.items()}
    possible = [n for n in counts if 2 * counts[n] >= sum(map(bool, columns[n])) > 0]
    best = max(possible, key=lambda n: counts[n], default=None)
    if best is None:
        return []
    rivals = [
        n
        for n in possible
        if n != best and counts[n] >= counts[best] * FEW and difference(matches[n], matches[best])
    ]
    return [best, *rivals]


def difference(values: Sequence[object], best: Sequence[object]) -> float:
    """Return in which part of the rows two columns differ, of those in which both match."""
    pairs = [pair for pair in zip(values, best, strict=True) if all(pair)]
    return sum(left != right for left, right in pairs) / len(pairs) if pairs else 1.0
