"""Rows of a text with separators: commas, semicolons, tabs; in any encoding, with quoted lines."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.file_types import encoding

SEPARATORS: Final = ",;\t|"
SAMPLE: Final = 64 * 1024
SAMPLE_ROWS: Final = 50
_TOLD: Final = "sep="


def rows(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with its number in the file, as a spreadsheet counts them.

    :raises UploadRefused: if the text is no table, or a quotation mark is never closed
    """
    name = encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, name, newline="")
    try:
        yield from _rows(text)
    finally:
        text.detach()


def _rows(text: io.TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
    sample = text.read(SAMPLE)
    separator, told = _separator(sample)
    text.seek(0)
    if told:
        text.readline()
    number = int(told)
    try:
        for row in csv.reader(text, delimiter=separator, strict=True):
            number += 1
            yield number, row
    except csv.Error as error:
        raise UploadRefused(
            f"Row {number + 1:,} cannot be read: probably a quotation mark that is not closed. "
            "Mend it and upload the file again."
        ) from error


def _separator(sample: str) -> tuple[str, bool]:
    """Return what separates the cells, and whether the first line says so, as Excel writes it."""
    first = sample.lstrip("\ufeff").partition("\n")[0].strip().strip('"')
    if first.startswith(_TOLD) and len(first) == len(_TOLD) + 1:
        return first[-1], True
    return max(SEPARATORS, key=lambda separator: _fitness(sample, separator)), False


def _fitness(sample: str, separator: str) -> tuple[bool, float]:
    """Return whether a separator cuts the heading, and how alike in length it makes the rows."""
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
    length, count = max(lengths.items(), key=lambda item: item[1], default=(1, 0))
    return heading > 1, count / lengths.total() if length > 1 else 0.0
