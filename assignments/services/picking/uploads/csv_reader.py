"""Read rows of delimited text: commas, semicolons, tabs or bars, in any common encoding."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from assignments.services.picking.uploads.errors import TOO_LONG, UploadRefused
from assignments.services.picking.uploads.file_types import detect_encoding
from assignments.services.picking.uploads.source_row import SourceRow

SEPARATORS: Final = ",;\t|"
SAMPLE: Final = 64 * 1024
SAMPLE_ROWS: Final = 50
# First line that Excel writes and reads, as in "sep=;", perhaps filled up with separators.
_SEPARATOR_LINE: Final = re.compile(r'\ufeff?"?sep=([^\r\n"])"?[,;\t ]*(?:\r|\n|$)', re.IGNORECASE)


def read_rows(file: BinaryIO) -> Iterator[SourceRow]:
    """Yield each row with its number from 1, as a spreadsheet counts them.

    :raises UploadRefused: if the text is no table, or a quotation mark is never closed
    """
    encoding = detect_encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield from _read_rows(text)
    finally:
        text.detach()


def _read_rows(text: io.TextIOWrapper) -> Iterator[SourceRow]:
    sample = text.read(SAMPLE)
    separator, has_separator_line = _detect_separator(sample)
    text.seek(0)
    if has_separator_line:
        text.readline()
    number = int(has_separator_line)
    try:
        for row in csv.reader(text, delimiter=separator, strict=True):
            number += 1
            yield SourceRow(number, row)
    except csv.Error as error:
        if "field larger" in str(error):
            raise UploadRefused(TOO_LONG) from error
        raise UploadRefused(
            f"Row {number + 1:,} cannot be read: probably a quotation mark that is not closed. "
            "Fix it and upload the file again."
        ) from error


def _detect_separator(sample: str) -> tuple[str, bool]:
    """Return the separator, and whether the first line declares it."""
    if match := _SEPARATOR_LINE.match(sample):
        return match[1], True
    return max(SEPARATORS, key=lambda separator: _fitness(sample, separator)), False


def _fitness(sample: str, separator: str) -> tuple[bool, float]:
    """Return whether a separator splits the first row, and the share of rows of the usual length.

    Rows that it does not split are titles.
    """
    lengths, heading = Counter[int](), 0
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    try:
        for row in reader:
            heading = heading or len(row)
            lengths[len(row)] += bool(row)
            if lengths.total() >= SAMPLE_ROWS:
                break
    except csv.Error:
        return False, 0.0
    usual = max((count for length, count in lengths.items() if length > 1), default=0)
    return heading > 1, usual / max(lengths.total(), 1)
