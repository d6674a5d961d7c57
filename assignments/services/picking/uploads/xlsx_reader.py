"""Read rows of a workbook (.xlsx), after checking that it is small enough to be opened.

A small file can unpack to much more (a zip bomb), so the unpacked bytes and the extent of the
cells are limited before the workbook is parsed.
"""

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache, reduce
from typing import IO, BinaryIO, Final
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.file_types import CHUNK, SAVE_AS

MAX_BYTES: Final = 300 * 1024 * 1024
MAX_PARTS: Final = 2_000
MAX_CELLS: Final = 4_000_000
_SHEET_PART: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_XML_PART: Final = re.compile(r"(?:xl/|_rels/|\[Content_Types\]).*\.(?:xml|rels)", re.IGNORECASE)
_LETTERS: Final = re.compile(r"[A-Za-z]{1,3}")
_DIGITS: Final = "0123456789"
DAMAGED: Final = f"This workbook is damaged. {SAVE_AS}"
TOO_LARGE: Final = (
    "This workbook holds too much to be read. Copy the columns that are needed to a new one."
)
# Also raised for encrypted parts, unknown compression methods and impossible sizes.
ARCHIVE_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
type Cell = int | float | str | bool | time | date | datetime | timedelta


def read_rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of the first visible sheet that is not empty, with its number from 1.

    :raises UploadRefused: if it is no workbook, is damaged, or would take too much memory
    """
    with tempfile.TemporaryFile() as unpacked:
        _unpack(file, unpacked)
        unpacked.seek(0)
        try:
            with CalamineWorkbook.from_filelike(unpacked) as workbook:
                yield from _read_first_sheet(workbook)
        except CalamineError as error:
            raise UploadRefused(DAMAGED) from error


def _read_first_sheet(workbook: CalamineWorkbook) -> Iterator[tuple[int, list[str]]]:
    for index, metadata in enumerate(workbook.sheets_metadata):
        if metadata.visible != SheetVisibleEnum.Visible:
            continue
        sheet = workbook.get_sheet_by_index(index)
        if sheet.start is not None:
            first_row = sheet.start[0] + 1
            for number, row in enumerate(sheet.iter_rows(), first_row):
                yield number, [_cell_text(cell) for cell in row]
            return


def _cell_text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _unpack(file: BinaryIO, into: IO[bytes]) -> None:
    """Copy the XML parts of the archive without compression, at most MAX_BYTES.

    The workbook reader allocates memory up to the furthest cell, so that is limited as well.
    """
    file.seek(0)
    remaining = MAX_BYTES
    try:
        with zipfile.ZipFile(file) as packed, zipfile.ZipFile(into, "w") as plain:
            for name in _part_names(packed):
                extent = _SheetExtent() if _SHEET_PART.fullmatch(name) else None
                with packed.open(name) as part, plain.open(name, "w") as copy:
                    remaining = _copy_part(part, copy, remaining, extent)
    except ARCHIVE_ERRORS as error:
        raise UploadRefused(DAMAGED) from error


def _part_names(packed: zipfile.ZipFile) -> list[str]:
    names = packed.namelist()
    if "xl/workbook.xml" not in names:
        raise UploadRefused(f"This is an archive or another office document. {SAVE_AS}")
    if len(names) > MAX_PARTS or len(set(names)) < len(names):
        raise UploadRefused(DAMAGED)
    return [name for name in names if _XML_PART.fullmatch(name)]


def _copy_part(
    part: IO[bytes], copy: IO[bytes], remaining: int, extent: "_SheetExtent | None"
) -> int:
    """Copy one part and return how many of the remaining bytes are left after it."""
    while chunk := part.read(CHUNK):
        remaining -= len(chunk)
        if remaining < 0:
            raise UploadRefused(TOO_LARGE)
        copy.write(chunk)
        if extent:
            extent.feed(chunk)
    return remaining


class _SheetExtent:
    """Parses a sheet to limit the area from A1 to its last row and column with a value."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start_element
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._row = self._column = self._last_row = self._last_column = 0

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes of the sheet.

        :raises UploadRefused: if they are not valid XML, or the area exceeds MAX_CELLS
        """
        try:
            self._parser.Parse(chunk)
        except expat.ExpatError as error:
            raise UploadRefused(DAMAGED) from error

    def _refuse_doctype(self, *_: object) -> None:
        raise UploadRefused(DAMAGED)

    def _start_element(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self._start_cell(attributes.get("r", ""))
        elif name == "row":
            row = attributes.get("r", "")
            self._row, self._column = int(row) if row.isdecimal() else self._row + 1, 0
        elif name in {"v", "is"}:
            self._extend_to_cell()

    def _start_cell(self, reference: str) -> None:
        letters = reference.rstrip(_DIGITS)
        column, row = _column_number(letters), reference[len(letters) :]
        if column and row:
            self._column, self._row = column, int(row)
        else:
            self._column += 1

    def _extend_to_cell(self) -> None:
        if self._row > self._last_row:
            self._last_row = self._row
        elif self._column <= self._last_column:
            return
        self._last_column = max(self._column, self._last_column)
        if self._last_row * self._last_column > MAX_CELLS:
            raise UploadRefused(TOO_LARGE)


@lru_cache(maxsize=1_000)
def _column_number(letters: str) -> int:
    """Return the number of a column from 1, as in "AB" → 28, or 0 if it is no column."""
    if not _LETTERS.fullmatch(letters):
        return 0
    return reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters.upper(), 0)
