"""Parse a sheet of a workbook: its rows with cells as people see them, and which are hidden."""

import re
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Final

from assignments.services.picking.uploads.errors import MAX_CELL, TOO_LONG, UploadRefused
from assignments.services.picking.uploads.source_row import SourceRow
from assignments.services.picking.uploads.xlsx_archive import DAMAGED, TOO_LARGE
from assignments.services.picking.uploads.xlsx_formats import NumberFormat, plain_number
from assignments.services.picking.uploads.xlsx_xml import Attributes, XmlPart

MAX_CELLS: Final = 4_000_000
MAX_COLUMN: Final = 1_000
# Sheets have no more rows: ECMA-376 has no limit, but every spreadsheet program has this one.
MAX_ROW: Final = 1_048_576
_LETTERS: Final = re.compile(r"[A-Za-z]{1,3}")
_DIGITS: Final = "0123456789"
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BOOLEANS: Final = {"1": "TRUE", "0": "FALSE"}


class SheetParser:
    """Collects the rows of a sheet that have a value, while `xml` parses it.

    :ivar rows: the complete rows; the caller empties it
    """

    def __init__(self, shared_texts: Sequence[str], formats: Sequence[NumberFormat]) -> None:
        # Nothing is called at the end of a cell: most have one value, and few are a text of runs.
        self.xml = XmlPart(
            starts={"c": self._start_cell, "row": self._start_row, "rPh": self._start_phonetic},
            ends={
                "v": self._set_value,
                "t": self._add_run,
                "is": self._set_text_of_runs,
                "row": self._end_row,
                "rPh": self._end_phonetic,
            },
        )
        self.rows: list[SourceRow] = []
        self._shared_texts = shared_texts
        self._formats = {str(style): write for style, write in enumerate(formats)}
        self._number = self._column = self._cell_count = 0
        self._cells: list[str] = []
        self._is_hidden = self._is_phonetic = False
        self._type = self._style = self._runs = ""

    def _start_row(self, attributes: Attributes) -> None:
        number = attributes.get("r", "")
        self._number = int(number) if number else self._number + 1
        if not 0 < self._number <= MAX_ROW:
            raise UploadRefused(DAMAGED)
        self._is_hidden = attributes.get("hidden") in {"1", "true"} or attributes.get("ht") == "0"
        self._cells, self._column = [], 0

    def _end_row(self, _text: str) -> None:
        if self._cells:
            self.rows.append(SourceRow(self._number, self._cells, self._is_hidden))

    def _start_cell(self, attributes: Attributes) -> None:
        column = _column_number(attributes.get("r", "").rstrip(_DIGITS))
        self._column = column or self._column + 1
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._cell_count += 1
        if self._cell_count > MAX_CELLS:
            raise UploadRefused(TOO_LARGE)

    def _set_value(self, value: str) -> None:
        if not value:
            return
        if self._type == "s":
            self._set(self._shared_texts[int(value)])
        elif self._type == "n":
            self._set(self._formats.get(self._style, plain_number)(value))
        elif self._type == "b":
            self._set(_BOOLEANS.get(value, value))
        else:
            self._set(unescape(joined("", value)))

    def _add_run(self, text: str) -> None:
        if not self._is_phonetic:
            self._runs = joined(self._runs, text)

    def _set_text_of_runs(self, _text: str) -> None:
        if self._runs:
            self._set(unescape(self._runs))
        self._runs = ""

    def _start_phonetic(self, _attributes: Attributes) -> None:
        self._is_phonetic = True

    def _end_phonetic(self, _text: str) -> None:
        self._is_phonetic = False

    def _set(self, text: str) -> None:
        if self._column > MAX_COLUMN:
            raise UploadRefused(TOO_LARGE)
        missing = self._column - len(self._cells)
        self._cells.extend([""] * missing)
        self._cells[self._column - 1] = text


class SharedTexts:
    """Collects the texts that the cells of all sheets refer to, while `xml` parses them."""

    # Measured with CPython 3.13: a short text takes about 60 bytes more than its characters.
    OVERHEAD: Final = 60
    MAX_BYTES: Final = 100_000_000

    def __init__(self) -> None:
        self.xml = XmlPart(
            starts={"si": self._start_item, "rPh": self._start_phonetic},
            ends={"t": self._add_text, "si": self._end_item, "rPh": self._end_phonetic},
        )
        self.texts: list[str] = []
        self._text = ""
        self._is_phonetic = False
        self._size = 0

    def _start_item(self, _attributes: Attributes) -> None:
        self._text = ""

    def _add_text(self, text: str) -> None:
        if not self._is_phonetic:
            self._text = joined(self._text, text)

    def _start_phonetic(self, _attributes: Attributes) -> None:
        self._is_phonetic = True

    def _end_phonetic(self, _text: str) -> None:
        self._is_phonetic = False

    def _end_item(self, _text: str) -> None:
        self._size += len(self._text) + self.OVERHEAD
        if self._size > self.MAX_BYTES:
            raise UploadRefused(TOO_LARGE)
        self.texts.append(unescape(self._text))


def joined(text: str, run: str) -> str:
    """Return a text with its next run.

    :raises UploadRefused: if it becomes longer than MAX_CELL
    """
    if len(text) + len(run) > MAX_CELL:
        raise UploadRefused(TOO_LONG)
    return text + run


def unescape(text: str) -> str:
    """Return a text with the characters that XML cannot hold, which are written as `_x0000_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


@lru_cache(maxsize=20_000)
def _column_number(letters: str) -> int:
    """Return the number of a column from 1, as in "AB" → 28, or 0 if it is no column."""
    if not _LETTERS.fullmatch(letters):
        return 0
    return reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters.upper(), 0)
