"""Read identifiers of people from a file: a column of a table, or every word of a plain list."""

from collections.abc import Sequence
from typing import BinaryIO, Final

from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.pasted_lists.tokens import normalise, tokenise
from assignments.services.picking.uploads import file_types, reader
from assignments.services.picking.uploads.column_detection import (
    SAMPLE,
    detect_columns,
    people_columns,
)
from assignments.services.picking.uploads.errors import UploadRefused

MAX_IDENTIFIERS: Final = reader.MAX_ROWS


def read_identifiers(account_pk: int, file: BinaryIO, column: str = "") -> list[str]:
    """Return the cells of the column that names the people, or every word if it is a list.

    :param column: the heading of that column; empty to detect it
    :raises UploadRefused: if the file is neither a table nor a list, if it has no such column, or
        if it is not clear which column names the people
    """
    try:
        table = reader.open_table(account_pk, file)
        heading, rows = table.heading, list(table.rows)
    except UploadRefused:
        if column or file_types.is_workbook(file):
            raise
        return _read_words(file)
    if column:
        person: int | None = _column_named(column, heading)
    else:
        person = _detected_column(account_pk, heading, [cells for _, cells in rows[:SAMPLE]])
    if person is None:
        return _read_list(file)
    return [cells[person] for _, cells in rows if person < len(cells) and cells[person]]


def _column_named(column: str, heading: Sequence[str]) -> int:
    names, wanted = list(map(comparable, heading)), comparable(column)
    if names.count(wanted) != 1:
        raise UploadRefused(f"It has not one column “{column}”; it has {', '.join(heading)}.")
    return names.index(wanted)


def _detected_column(
    account_pk: int, heading: Sequence[str], sample: Sequence[Sequence[str]]
) -> int | None:
    """Return the column that names the people, or None if the file is a list of words."""
    try:
        detection = detect_columns(account_pk, heading, sample)
    except UploadRefused:
        if len(heading) > 1:
            raise
        return None
    if not any(count.people for count in detection.people_counts):
        return None
    if len(detection.person) != 1:
        raise UploadRefused(
            "It is not clear which column names the people who get the assignments: "
            f"{people_columns(heading, detection)}. Add --column with the heading of that column."
        )
    return detection.person[0]


def _read_list(file: BinaryIO) -> list[str]:
    if file_types.is_workbook(file):
        raise UploadRefused("No column names anybody whom the LMS knows.")
    return _read_words(file)


def _read_words(file: BinaryIO) -> list[str]:
    encoding = file_types.detect_encoding(file)
    file.seek(0)
    text = file.read().decode(encoding)
    return [token.text for token in tokenise(normalise(text), limit=MAX_IDENTIFIERS)]
