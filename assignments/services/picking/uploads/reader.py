"""Read a CSV or XLSX file as a table: a heading, and rows with their number in the file."""

import os
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from assignments.models.sql.text_cleaning import remove_invisible
from assignments.services.picking.uploads import csv_reader, file_types, xlsx_reader
from assignments.services.picking.uploads.errors import ADD_A_HEADING, UploadRefused

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 100
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_ESCAPED_FORMULA: Final = ("'=", "'+", "'-", "'@")
# The number of the row in the file, from 1, and its cells.
type Row = tuple[int, list[str]]


def read_table(file: BinaryIO) -> Iterator[Row]:
    """Yield the heading and then every row that is not empty.

    :raises UploadRefused: if the file is no table, too large, empty, or has no heading
    """
    if file.seek(0, os.SEEK_END) > MAX_BYTES:
        raise UploadRefused(f"Upload at most {MAX_BYTES // 1024**2} MB. Split this file.")
    rows = (xlsx_reader if file_types.is_workbook(file) else csv_reader).read_rows(file)
    filled = ((number, cells) for number, row in rows if any(cells := list(map(clean_cell, row))))
    heading = next(filled, None)
    if heading is None:
        raise UploadRefused("There is nothing in this file. Choose another one.")
    yield heading[0], _validate_heading(heading[1])
    count = 0
    for count, row in enumerate(filled, 1):
        if count > MAX_ROWS:
            raise UploadRefused(f"Upload at most {MAX_ROWS:,} rows at once. Split this file.")
        yield row
    if not count:
        raise UploadRefused("This file has a heading and no rows. Choose another one.")


def clean_cell(cell: str) -> str:
    """Return a cell without invisible characters, and without the quote that escapes a formula."""
    is_plain = cell.isascii() and cell.isprintable()
    text = (cell if is_plain else remove_invisible(_SURROGATES.sub("\ufffd", cell))).strip()
    return text[1:] if text.startswith(_ESCAPED_FORMULA) else text


def _validate_heading(heading: list[str]) -> list[str]:
    """Return the heading without empty cells at its end and with a name for other empty ones."""
    while heading and not heading[-1]:
        heading.pop()
    if len(heading) > MAX_COLUMNS:
        raise UploadRefused(f"Upload at most {MAX_COLUMNS} columns: leave out the others.")
    if any("@" in cell for cell in heading) or all(map(_has_digit, heading)):
        raise UploadRefused(f"The first row looks like data. {ADD_A_HEADING}")
    return [cell[:100] or f"Column {number}" for number, cell in enumerate(heading, 1)]


def _has_digit(cell: str) -> bool:
    return any(map(str.isdigit, cell))
