"""A row of a file as its reader returns it."""

from typing import NamedTuple


class SourceRow(NamedTuple):
    """A row of a file: its number from 1, its cells, and whether the sheet hides it."""

    number: int
    cells: list[str]
    is_hidden: bool = False
