"""Rows of delimited text that were split wrongly, because quotation marks are missing.

Such a row may name other people than its own cells do, or hide whole rows in one of them.
"""

from collections.abc import Iterator, Sequence

from assignments.services.picking.pasted_lists.people_lookup import NO_MATCH, PeopleLookup
from assignments.services.picking.uploads.csv_reader import SEPARATORS


def why_broken(cells: Sequence[str], width: int, lookup: PeopleLookup) -> str:
    """Return what shows that a row was split wrongly, as the predicate of a sentence, or "".

    :param width: the number of cells of the heading
    :param lookup: with the `swallowed_cells` of all rows
    """
    if any(cells[width:]):
        return (
            f"has {len(cells):,} cells and the heading {width:,}: probably a separator in a text "
            "without quotation marks."
        )
    if any(lookup.find(cell).problem != NO_MATCH for cell in swallowed_cells(cells, width)):
        return (
            "has a cell of several lines that are rows themselves: probably a quotation mark is "
            "missing or too many."
        )
    return ""


def swallowed_cells(cells: Sequence[str], width: int) -> Iterator[str]:
    """Yield what would be the cells of the rows that a cell of several lines holds.

    Such a cell begins in one row of the heading's width and ends in another, in the same column,
    where a later quotation mark closes the one that should not be there.
    """
    for column, cell in enumerate(cells if width > 1 else ()):
        if "\n" not in cell and "\r" not in cell:
            continue
        lines = cell.splitlines()
        counts = [width - 1 - column, *[width - 1] * (len(lines) - 2), column]
        for separator in SEPARATORS:
            if [line.count(separator) for line in lines] == counts:
                yield from (part.strip() for line in lines for part in line.split(separator))
