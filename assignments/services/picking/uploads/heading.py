"""Find the row with the names of the columns: below titles, above the first person."""

import re
from collections import Counter
from collections.abc import Sequence
from statistics import median_high
from typing import Final

from assignments.services.picking.pasted_lists.people_lookup import MatchStatus, PeopleLookup
from assignments.services.picking.uploads.errors import ADD_A_HEADING, UploadRefused
from assignments.services.picking.uploads.source_row import SourceRow

# How many rows are searched for the heading and the first person.
SAMPLE: Final = 50
MAX_COLUMNS: Final = 500
# As many digits are part of an ID; a name such as “E-mail 2” has fewer.
DIGITS_OF_AN_ID: Final = 3
# A title has at most as many cells, such as “Run by” and a name.
LONGEST_TITLE: Final = 2
# The least part of the cells of a typical row of people that a heading has.
MIN_WIDTH: Final = 0.7
_DIGITS: Final = re.compile(r"\d+")
_LETTERS: Final = re.compile(r"[^\W\d_]+")


class FirstRows:
    """The first rows of a file and the people whom they name, to find the heading among them."""

    def __init__(self, account_pk: int, rows: Sequence[SourceRow]) -> None:
        self._rows = rows
        lookup = PeopleLookup(account_pk, {cell for row in rows for cell in row.cells})
        self._named = [
            [n for n, cell in enumerate(row.cells) if cell and _is_person(lookup, cell)]
            for row in rows
        ]
        self._counts = Counter(n for columns in self._named for n in columns)

    @property
    def names_anybody(self) -> bool:
        """Whether a cell identifies somebody in the LMS."""
        return bool(self._counts)

    def heading_index(self) -> int:
        """Return the index of the first row above the first person that may name all columns.

        Titles and names of groups of columns have fewer different cells than the rows of people,
        and what looks like a person is left out. If nobody is named, it is the first row of
        several cells, if most rows have several.

        :raises UploadRefused: if there is only data above the first person
        """
        if not self._counts:
            return self._first_wide_row()
        column = max(self._counts, key=lambda n: (self._counts[n], -n))
        first = next(n for n, columns in enumerate(self._named) if column in columns)
        identifier = self._rows[first].cells[column]
        possible = [
            n for n in range(first) if not _looks_like(_cell(self._rows[n], column), identifier)
        ]
        if possible:
            fewest = MIN_WIDTH * min(self._usual_width(), max(map(self._width, possible)))
            return next(n for n in possible if self._width(n) >= fewest or self._is_list(n))
        row = self._rows[0]
        example = _cell(row, column) or identifier
        raise UploadRefused(
            f"Row {row.number:,} looks like data, as “{example[:60]}”: no row above it names the "
            f"columns. {ADD_A_HEADING}"
        )

    def _width(self, index: int) -> int:
        """Return how many different cells a row has."""
        return len(set(self._rows[index].cells) - {""})

    def _usual_width(self) -> int:
        """Return how many cells a row of a person has."""
        return median_high(
            sum(map(bool, row.cells))
            for row, columns in zip(self._rows, self._named, strict=True)
            if columns
        )

    def _is_list(self, index: int) -> bool:
        """Return whether a row begins with several different cells, with no empty one between."""
        width = self._width(index)
        return width > LONGEST_TITLE and all(self._rows[index].cells[:width])

    def _first_wide_row(self) -> int:
        widths = [sum(map(bool, row.cells)) for row in self._rows]
        is_table = 2 * sum(width > 1 for width in widths) > len(widths)
        return next((n for n, width in enumerate(widths) if width > 1), 0) if is_table else 0


def validate_heading(row: SourceRow) -> list[str]:
    """Return the heading without empty cells at its end and with a name for other empty ones.

    :raises UploadRefused: if it has too many columns, or looks like data
    """
    heading = list(row.cells)
    while heading and not heading[-1]:
        heading.pop()
    if len(heading) > MAX_COLUMNS:
        raise UploadRefused(f"Upload at most {MAX_COLUMNS} columns: leave out the others.")
    if any("@" in cell for cell in heading) or all(map(_DIGITS.search, heading)):
        raise UploadRefused(f"Row {row.number:,} looks like data. {ADD_A_HEADING}")
    return [cell[:100] or f"Column {number}" for number, cell in enumerate(heading, 1)]


def _is_person(lookup: PeopleLookup, cell: str) -> bool:
    match = lookup.find(cell)
    return match.status is not MatchStatus.UNMATCHED or bool(match.candidates)


def _looks_like(cell: str, identifier: str) -> bool:
    """Return whether a cell may be an identifier with a mistake in it."""
    has_id = sum(map(str.isdigit, cell)) >= DIGITS_OF_AN_ID
    return "@" in cell or has_id or _shape(cell) == _shape(identifier)


def _shape(text: str) -> str:
    """Return a text with one letter for each run of letters, one digit for each run of digits."""
    return _LETTERS.sub("a", _DIGITS.sub("9", text))


def _cell(row: SourceRow, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""
