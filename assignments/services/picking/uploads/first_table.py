"""Find where another table begins below the first one of a file: its columns may hold others."""

import re
from collections.abc import Sequence
from typing import Final

from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.uploads.column_headings import names_identifiers
from assignments.services.picking.uploads.reader import Row

_DATA: Final = re.compile(r"@|\d{3}")


class FirstTable:
    """The table below a heading; it ends where a row names other columns."""

    def __init__(self, heading: Sequence[str]) -> None:
        self._names = list(map(comparable, heading))
        self._end = 0

    def why_outside(self, row: Row) -> str:
        """Return why a row is no row of the table, or ""; rows are given in their order."""
        number, cells = row
        if not self._end and self._is_heading(cells):
            if [comparable(cell) for cell in cells if cell] == self._names:
                return "It repeats the names of the columns."
            self._end = number
        if not self._end:
            return ""
        return (
            f"Row {self._end:,} begins another table, with columns of its own. Put that table into "
            "a file or a sheet of its own."
        )

    def _is_heading(self, cells: Sequence[str]) -> bool:
        """Return whether a row has names of columns: one of identifiers and one more, no data."""
        # Data first, as nearly every row has some, and it is found faster.
        if any(map(_DATA.search, cells)):
            return False
        identifiers = [cell for cell in cells if names_identifiers(cell)]
        if not identifiers:
            return False
        names = [cell for cell in cells if cell in identifiers or comparable(cell) in self._names]
        return len(set(names)) > 1
