"""Entries as an Excel workbook, without formulas, with a new sheet whenever one is full."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import xlsxwriter

from assignments.audit.export.csv_format import entry_rows, header_cells
from assignments.audit.export.scope import ExportScope, Progress

# Excel's limits: 1,048,576 rows on a sheet, the header included, and 32,767 UTF-16 units in a cell.
SHEET_ROWS: Final = 1_048_576
MAX_CELL_LENGTH: Final = 16_000
TRUNCATED: Final = " … (cut off; the JSON Lines export has all of it)"
_INVALID_IN_XML: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_WIDTH: Final = 18


def write_xlsx(scope: ExportScope, out: BinaryIO, *, folder: Path, progress: Progress) -> int:
    """Write the entries as a workbook; return how many.

    :param folder: for the temporary sheets, until they are zipped
    """
    count = 0
    with TemporaryDirectory(dir=folder) as sheets:
        # Rows go to disk one by one, so memory does not grow with their number.
        options = {"constant_memory": True, "tmpdir": sheets}
        book = xlsxwriter.Workbook(_ProgressWriter(out, progress), options)
        book.use_zip64()
        rows = _SheetWriter(book)
        for table in entry_rows(scope, progress):
            for number, *cells in table:
                rows.add(int(number), cells)
            count += len(table)
        book.close()
    return count


# XlsxWriter has no types.
type Untyped = Any


class _ProgressWriter:
    """A file that reports every write as progress: zipping the sheets may take minutes."""

    def __init__(self, out: BinaryIO, progress: Progress) -> None:
        self._out, self._progress = out, progress

    def write(self, piece: bytes) -> int:
        self._progress(0)
        return self._out.write(piece)

    def __getattr__(self, name: str) -> object:
        return getattr(self._out, name)


class _SheetWriter:
    def __init__(self, book: Untyped) -> None:
        self._book, self._bold = book, book.add_format({"bold": True})
        self._sheet = self._add_sheet()
        self._row = 1

    def add(self, number: int, cells: list[str]) -> None:
        """Write one entry, on a new sheet if the current one is full."""
        if self._row == SHEET_ROWS:
            self._sheet, self._row = self._add_sheet(), 1
        self._sheet.write_number(self._row, 0, number)
        for column, cell in enumerate(cells, 1):
            if cell:
                self._sheet.write_string(self._row, column, as_text(cell))
        self._row += 1

    def _add_sheet(self) -> Untyped:
        sheet = self._book.add_worksheet()
        cells = header_cells()
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(cells) - 1, _WIDTH)
        for column, cell in enumerate(cells):
            sheet.write_string(0, column, cell, self._bold)
        return sheet


def as_text(cell: str) -> str:
    """Return the text without invalid XML characters, and truncated to what a cell holds."""
    text = _INVALID_IN_XML.sub("\ufffd", cell)
    if len(text) > MAX_CELL_LENGTH:
        text = text[:MAX_CELL_LENGTH] + TRUNCATED
    # xlsxwriter would read it as its own rich text markup and write it unescaped.
    return f"'{text}" if text.startswith("<r>") else text
