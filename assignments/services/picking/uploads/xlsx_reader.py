"""Rows of a workbook (.xlsx), after it was seen to be small enough to be opened."""

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

MOST_BYTES: Final = 300 * 1024 * 1024
MOST_PARTS: Final = 2_000
MOST_CELLS: Final = 4_000_000
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_NEEDED: Final = re.compile(r"(?:xl/|_rels/|\[Content_Types\]).*\.(?:xml|rels)", re.IGNORECASE)
_LETTERS: Final = re.compile(r"[A-Za-z]{1,3}")
_DIGITS: Final = "0123456789"
DAMAGED: Final = f"This workbook is damaged. {SAVE_AS}"
TOO_LARGE: Final = (
    "This workbook holds too much to be read. Copy the columns that are needed to a new one."
)
# Also what an encrypted part, an unknown compression and impossible numbers end in.
BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
type Cell = int | float | str | bool | time | date | datetime | timedelta


def rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield each row of the first sheet that is shown and holds something, with its number.

    :raises UploadRefused: if it is no workbook, is damaged, or would not fit into the memory
    """
    with tempfile.TemporaryFile() as unpacked:
        _unpack(file, unpacked)
        unpacked.seek(0)
        try:
            with CalamineWorkbook.from_filelike(unpacked) as workbook:
                yield from _first(workbook)
        except CalamineError as error:
            raise UploadRefused(DAMAGED) from error


def _first(workbook: CalamineWorkbook) -> Iterator[tuple[int, list[str]]]:
    for index, sheet in enumerate(workbook.sheets_metadata):
        if sheet.visible != SheetVisibleEnum.Visible:
            continue
        found = workbook.get_sheet_by_index(index)
        if found.start is not None:
            above = found.start[0]
            for number, row in enumerate(found.iter_rows(), 1 + above):
                yield number, [_text(cell) for cell in row]
            return


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _unpack(file: BinaryIO, into: IO[bytes]) -> None:
    """Copy what is needed of the archive, counting what really comes out of it.

    The reader allots memory by the furthest cell, so that is looked at before.
    """
    file.seek(0)
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(file) as packed, zipfile.ZipFile(into, "w") as plain:
            for name in _names(packed):
                with packed.open(name) as part, plain.open(name, "w") as copy:
                    left = _copy(part, copy, left, _Extent() if _SHEET.fullmatch(name) else None)
    except BROKEN as error:
        raise UploadRefused(DAMAGED) from error


def _names(packed: zipfile.ZipFile) -> list[str]:
    names = packed.namelist()
    if "xl/workbook.xml" not in names:
        raise UploadRefused(f"This is an archive or another office document. {SAVE_AS}")
    if len(names) > MOST_PARTS or len(set(names)) < len(names):
        raise UploadRefused(DAMAGED)
    return [name for name in names if _NEEDED.fullmatch(name)]


def _copy(part: IO[bytes], copy: IO[bytes], left: int, extent: "_Extent | None") -> int:
    while chunk := part.read(CHUNK):
        left -= len(chunk)
        if left < 0:
            raise UploadRefused(TOO_LARGE)
        copy.write(chunk)
        if extent:
            extent.read(chunk)
    return left


class _Extent:
    """How far the cells of a sheet reach that hold something."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._started
        self._parser.StartDoctypeDeclHandler = self._declared
        self._row = self._column = self._last_row = self._last_column = 0

    def read(self, chunk: bytes) -> None:
        """Read on."""
        try:
            self._parser.Parse(chunk)
        except expat.ExpatError as error:
            raise UploadRefused(DAMAGED) from error

    def _declared(self, *_: object) -> None:
        raise UploadRefused(DAMAGED)

    def _started(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self._at(attributes.get("r", ""))
        elif name == "row":
            row = attributes.get("r", "")
            self._row, self._column = int(row) if row.isdecimal() else self._row + 1, 0
        elif name in {"v", "is"}:
            self._holds()

    def _at(self, place: str) -> None:
        letters = place.rstrip(_DIGITS)
        column, row = _column(letters), place[len(letters) :]
        if column and row:
            self._column, self._row = column, int(row)
        else:
            self._column += 1

    def _holds(self) -> None:
        if self._row > self._last_row:
            self._last_row = self._row
        elif self._column <= self._last_column:
            return
        self._last_column = max(self._column, self._last_column)
        if self._last_row * self._last_column > MOST_CELLS:
            raise UploadRefused(TOO_LARGE)


@lru_cache(maxsize=1_000)
def _column(letters: str) -> int:
    """Return the number of a column, or 0 of what names none."""
    if not _LETTERS.fullmatch(letters):
        return 0
    return reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters.upper(), 0)
