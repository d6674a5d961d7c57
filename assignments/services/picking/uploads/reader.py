"""Read a CSV or XLSX file as a table: a heading, and rows with their number in the file."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import BinaryIO, Final, NamedTuple

from assignments.models.sql.text_cleaning import remove_invisible
from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.uploads import csv_reader, file_types
from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.heading import SAMPLE, FirstRows, validate_heading
from assignments.services.picking.uploads.source_row import SourceRow
from assignments.services.picking.uploads.xlsx_reader import Workbook

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_ROWS: Final = 100_000
# The first columns of a file of refused rows.
ADDED_COLUMNS: Final = ("Row in the file", "Reason")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_ROW_NUMBER: Final = re.compile("[0-9]{1,9}")
_ESCAPED_FORMULA: Final = ("'=", "'+", "'-", "'@")
# The number of the row in the file, from 1, and its cells.
type Row = tuple[int, list[str]]


@dataclass(slots=True)
class Table:
    """A table of a file.

    :ivar heading_row: the number of the row with the heading
    :ivar rows: every row below it that is not empty, to be read once
    :ivar sheet: the sheet of a workbook; empty for other files
    :ivar other_sheets: the other visible sheets that have rows
    :ivar is_repaired: whether it is a file of refused rows; they keep their first numbers
    :ivar hidden_rows: the positions in `rows`, from 1, of those that the sheet hides, as far as
        they were read
    """

    heading: list[str]
    heading_row: int
    rows: Iterator[Row]
    sheet: str
    other_sheets: list[str]
    is_repaired: bool = False
    hidden_rows: list[int] = field(default_factory=list)


def open_table(account_pk: int, file: BinaryIO, sheet: str = "") -> Table:
    """Open the table of a file.

    :param sheet: the name of a sheet; empty for the first that names somebody of the account,
        beginning with the one that was open when the workbook was saved
    :raises UploadRefused: if the file is no table, too large, empty, or has no heading
    """
    refuse_large(file)
    sources = _sources(file)
    chosen = _choose(account_pk, _sources_named(sheet, sources))
    start = chosen.first_rows.heading_index()
    heading_row = chosen.sample[start]
    others = [name for name, rows in sources if name != chosen.name and any(_filled(rows()))]
    table = Table(
        heading=validate_heading(heading_row),
        heading_row=heading_row.number,
        rows=iter(()),
        sheet=chosen.name,
        other_sheets=others,
    )
    rows = chain(chosen.sample[start + 1 :], chosen.rest)
    table.rows = _rows(table, _with_first_numbers(table, rows))
    return table


def refuse_large(file: BinaryIO) -> None:
    """Refuse a file of more than MAX_BYTES.

    :raises UploadRefused: if it is too large
    """
    if file.seek(0, os.SEEK_END) > MAX_BYTES:
        raise UploadRefused(f"Upload at most {MAX_BYTES // 1024**2} MB. Split this file.")


def clean_cell(cell: str) -> str:
    """Return a cell without invisible characters, and without the quote that escapes a formula."""
    is_plain = cell.isascii() and cell.isprintable()
    text = (cell if is_plain else remove_invisible(_SURROGATES.sub("\ufffd", cell))).strip()
    return text[1:] if text.startswith(_ESCAPED_FORMULA) else text


class _Source(NamedTuple):
    """A sheet, or a whole file of text: its name, and a function that reads its rows again."""

    name: str
    rows: Callable[[], Iterator[SourceRow]]


class _Chosen(NamedTuple):
    """The source that is read: its first rows, and the others."""

    name: str
    sample: Sequence[SourceRow]
    rest: Iterator[SourceRow]
    first_rows: FirstRows


def _sources(file: BinaryIO) -> list[_Source]:
    if not file_types.is_workbook(file):
        return [_Source("", partial(csv_reader.read_rows, file))]
    workbook = Workbook(file)
    return [_Source(sheet.name, partial(workbook.rows, sheet)) for sheet in workbook.sheets]


def _sources_named(sheet: str, sources: Sequence[_Source]) -> Sequence[_Source]:
    if not sheet:
        return sources
    matching = [source for source in sources if comparable(source.name) == comparable(sheet)]
    if not matching:
        names = ", ".join(source.name for source in sources if source.name) or "no sheets at all"
        raise UploadRefused(f"It has no visible sheet “{sheet}”; it has {names}.")
    return matching


def _choose(account_pk: int, sources: Sequence[_Source]) -> _Chosen:
    """Return the first source that names somebody, or else the first that has rows."""
    first = None
    for name, read in sources:
        rows = _filled(read())
        if sample := list(islice(rows, SAMPLE)):
            chosen = _Chosen(name, sample, rows, FirstRows(account_pk, sample))
            first = first or chosen
            if chosen.first_rows.names_anybody:
                return chosen
    if first is None:
        raise UploadRefused("There is nothing in this file. Choose another one.")
    return first


def _filled(rows: Iterator[SourceRow]) -> Iterator[SourceRow]:
    for row in rows:
        cells = list(map(clean_cell, row.cells))
        if any(cells):
            yield row._replace(cells=cells)


def _rows(table: Table, rows: Iterator[SourceRow]) -> Iterator[Row]:
    count = 0
    for count, (number, cells, is_hidden) in enumerate(rows, 1):
        if count > MAX_ROWS:
            raise UploadRefused(f"Upload at most {MAX_ROWS:,} rows at once. Split this file.")
        if is_hidden:
            table.hidden_rows.append(count)
        yield number, cells
    if not count:
        raise UploadRefused("This file has a heading and no rows. Choose another one.")


def _with_first_numbers(table: Table, rows: Iterator[SourceRow]) -> Iterator[SourceRow]:
    """Take the columns that a file of refused rows has in addition out of its table.

    The rows of such a file keep the numbers that they have in the first file.
    """
    width = len(ADDED_COLUMNS)
    if tuple(table.heading[:width]) != ADDED_COLUMNS:
        return rows
    table.heading, table.is_repaired = table.heading[width:], True
    return (
        SourceRow(
            int(cells[0]) if _ROW_NUMBER.fullmatch(cells[0]) else number, cells[width:], is_hidden
        )
        for number, cells, is_hidden in rows
        if any(cells[width:])
    )
