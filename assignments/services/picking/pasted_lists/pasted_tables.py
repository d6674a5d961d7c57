"""Pasted rows of a spreadsheet: each line names one person, in the column that names people."""

from collections.abc import Sequence
from typing import Final

from assignments.services.picking.pasted_lists.tokens import Token
from assignments.services.picking.uploads.column_detection import (
    SAMPLE,
    Detection,
    detect_columns,
    people_columns,
)
from assignments.services.picking.uploads.errors import UploadRefused

_TAB: Final = "\t"


class TableRefused(Exception):
    """It is not clear which column of pasted rows names the people; the message says what to do."""


def is_table(text: str) -> bool:
    """Return whether a line of a normalised text has several cells."""
    return any(sum(map(bool, map(str.strip, line.split(_TAB)))) > 1 for line in text.split("\n"))


def person_tokens(account_pk: int, text: str) -> list[Token]:
    """Return the cell that names a person of each line, so that no other cell names another one.

    A line that has no such cell is a token as a whole, which matches nobody.

    :raises TableRefused: if several columns name different people, or only one of managers does
    """
    lines = text.split("\n")
    column = _person_column(account_pk, [line.split(_TAB) for line in lines if line.strip()])
    tokens, start = [], 0
    for number, line in enumerate(lines, 1):
        if line.strip():
            tokens.append(_token(line, column, number, start))
        start += len(line) + 1
    return tokens


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


def _token(line: str, column: int, number: int, start: int) -> Token:
    cells = line.split(_TAB)
    cell = cells[column] if column < len(cells) else ""
    if not cell.strip():
        return Token(line.strip(), number, start, start + len(line))
    start += sum(len(other) + 1 for other in cells[:column])
    start += len(cell) - len(cell.lstrip())
    return Token(cell.strip(), number, start, start + len(cell.strip()))
