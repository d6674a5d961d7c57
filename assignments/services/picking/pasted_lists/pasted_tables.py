"""Pasted rows of a table: each line names one person, in the column that names people."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from assignments.services.picking.pasted_lists.people_lookup import NO_MATCH, PeopleLookup
from assignments.services.picking.pasted_lists.tokens import Token
from assignments.services.picking.uploads.column_detection import (
    SAMPLE,
    Detection,
    detect_columns,
    people_columns,
)
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.first_table import FirstTable

_TAB: Final = "\t"
# Of pasted text from a CSV file; in other lists they stand between people.
_SEPARATORS: Final = ";,|"
# What people are likely to be identified by, also with a typing error.
_IDENTIFIER: Final = re.compile(r"@|\d{3}")


class TableRefused(Exception):
    """It is not clear which column of pasted rows names the people; the message says what to do."""


def separator_of(account_pk: int, text: str) -> str:
    """Return the separator of the cells if a normalised text is a table, or "" for a list."""
    lines = [line for line in text.split("\n") if line.strip()]
    if any(sum(map(bool, map(str.strip, line.split(_TAB)))) > 1 for line in lines):
        return _TAB
    for separator in _SEPARATORS:
        rows = [_cells(line, separator) for line in lines]
        widths = set(map(len, rows))
        if len(rows) > 1 and len(widths) == 1 < max(widths) and _is_table(account_pk, rows):
            return separator
    return ""


def person_tokens(account_pk: int, text: str, separator: str) -> list[Token]:
    """Return the cell that names a person of each line, so that no other cell names another one.

    A line that has no such cell, or is of a second table, is a token as a whole, which matches
    nobody.

    :raises TableRefused: if several columns name different people, or only one of managers does
    """
    lines = text.split("\n")
    rows = [_cells(line, separator) for line in lines]
    column = _person_column(account_pk, [row for row in rows if any(map(str.strip, row))])
    tokens, start = [], 0
    table = FirstTable([cell.strip() for cell in rows[0]])
    for number, (line, cells) in enumerate(zip(lines, rows, strict=True), 1):
        is_outside = number > 1 and table.why_outside((number, [cell.strip() for cell in cells]))
        if line.strip():
            tokens.append(_token(line, [] if is_outside else cells, column, number, start))
        start += len(line) + 1
    return tokens


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line as they are written; quotation marks may hold a separator."""
    if separator == _TAB:
        return line.split(_TAB)
    marks = re.finditer(rf'"[^"]*"|{re.escape(separator)}', line)
    cuts = [mark.start() for mark in marks if mark[0] == separator]
    return [line[start + 1 : end] for start, end in pairwise([-1, *cuts, len(line)])]


def _is_table(account_pk: int, rows: Sequence[Sequence[str]]) -> bool:
    """Return whether rows are those of a table: with a heading, or a column such as names.

    Where every column may identify people, or a cell names somebody among other words, it is a list
    or a text with several people a line.
    """
    sample = [[cell.strip() for cell in row] for row in rows[: SAMPLE + 1]]
    cells = {cell for row in sample for cell in row}
    texts = cells.union(*map(str.split, cells))
    lookup = PeopleLookup(account_pk, texts)
    named = {text for text in texts if lookup.find(text).problem != NO_MATCH}
    if not named & cells or any(named.intersection(cell.split()) for cell in cells - named):
        return False
    likely = named | set(filter(_IDENTIFIER.search, cells))
    columns = [set(column) - {""} for column in zip(*sample, strict=True)]
    has_heading = likely.isdisjoint(sample[0])
    return has_heading or any(column and likely.isdisjoint(column) for column in columns)


def _person_column(account_pk: int, rows: Sequence[Sequence[str]]) -> int:
    width = max(map(len, rows))
    filled = [[cell.strip() for cell in [*row, *[""] * (width - len(row))]] for row in rows]
    heading, detection = _detect(account_pk, filled[: SAMPLE + 1])
    counts = detection.people_counts
    # Without a heading, the one column that names somebody may be that of the managers.
    if len(detection.person) == 1 and not counts[detection.person[0]].repeats_people:
        return detection.person[0]
    if any(count.people for count in counts):
        raise TableRefused(
            "It is not clear which column names the people who get the assignments: "
            f"{people_columns(heading, counts)}. Paste that column alone, one person a line."
        )
    return 0


def _detect(account_pk: int, rows: Sequence[list[str]]) -> tuple[list[str], Detection]:
    """Detect the columns with the first line as a heading, unless it names somebody."""
    numbered = [f"Column {number}" for number in range(1, len(rows[0]) + 1)]
    heading = [cell or name for cell, name in zip(rows[0], numbered, strict=True)]
    try:
        return heading, detect_columns(account_pk, heading, rows[1:])
    except UploadRefused:
        return numbered, detect_columns(account_pk, numbered, rows)


def _token(line: str, cells: Sequence[str], column: int, number: int, start: int) -> Token:
    cell = cells[column] if column < len(cells) else ""
    if not cell.strip():
        return Token(line.strip(), number, start, start + len(line))
    start += sum(len(other) + 1 for other in cells[:column])
    start += len(cell) - len(cell.lstrip())
    return Token(cell.strip(), number, start, start + len(cell.strip()))
