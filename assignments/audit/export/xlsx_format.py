"""Entries as an Excel workbook: text that is never a formula, and a new sheet when one is full."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import xlsxwriter

from assignments.audit.export.csv_format import heading, tables
from assignments.audit.export.scope import Population, Tell

# Excel's own limits: rows on a sheet, the first being the heading, and about what a cell holds.
SHEET_ROWS: Final = 1_048_576
LONGEST: Final = 16_000
CUT: Final = " … (cut off; the JSON Lines export has all of it)"
_NO_XML: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_WIDTH: Final = 18


def write_xlsx(population: Population, out: BinaryIO, *, folder: Path, tell: Tell) -> int:
    """Write the entries as a workbook; return how many.

    :param folder: holds the sheets until they are packed together
    """
    count = 0
    with TemporaryDirectory(dir=folder) as sheets:
        # Row by row to the disk; text only ever as text.
        options = {"constant_memory": True, "tmpdir": sheets}
        book = xlsxwriter.Workbook(_Telling(out, tell), options)
        book.use_zip64()
        rows = _Rows(book)
        for table in tables(population, tell):
            for number, *cells in table:
                rows.add(int(number), cells)
            count += len(table)
        book.close()
    return count


class _Telling:
    """A file that tells of every write, for packing the sheets may take minutes."""

    def __init__(self, out: BinaryIO, tell: Tell) -> None:
        self._out, self._tell = out, tell

    def write(self, piece: bytes) -> int:
        self._tell(0)
        return self._out.write(piece)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


class _Rows:
    def __init__(self, book: Any) -> None:
        self._book, self._bold = book, book.add_format({"bold": True})
        self._sheet = self._new()
        self._row = 1

    def add(self, number: int, cells: list[str]) -> None:
        """Write one entry, on a new sheet if the last is full."""
        if self._row == SHEET_ROWS:
            self._sheet, self._row = self._new(), 1
        self._sheet.write_number(self._row, 0, number)
        for column, cell in enumerate(cells, 1):
            if cell:
                self._sheet.write_string(self._row, column, as_text(cell))
        self._row += 1

    def _new(self) -> Any:
        sheet = self._book.add_worksheet()
        cells = heading()
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(cells) - 1, _WIDTH)
        for column, cell in enumerate(cells):
            sheet.write_string(0, column, cell, self._bold)
        return sheet


def as_text(cell: str) -> str:
    """Return the text as a cell can hold it."""
    text = _NO_XML.sub("\ufffd", cell)
    if len(text) > LONGEST:
        text = text[:LONGEST] + CUT
    # The library would take it for markup of its own and write it unescaped.
    return f"'{text}" if text.startswith("<r>") else text
