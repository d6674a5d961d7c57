"""Rows of a file as one small value, for the time between its upload and its use."""

import zlib
from collections.abc import Iterable, Iterator

import orjson

from assignments.services.picking.uploads.reader import Row

LEVEL = 1


def packed(rows: Iterable[Row]) -> bytes:
    """Return the rows, one compressed line each."""
    squeeze = zlib.compressobj(LEVEL)
    parts = [squeeze.compress(orjson.dumps([number, *cells]) + b"\n") for number, cells in rows]
    return b"".join([*parts, squeeze.flush()])


def unpacked(value: bytes) -> Iterator[Row]:
    """Yield the rows again."""
    stretch, rest, view = zlib.decompressobj(), b"", memoryview(value)
    for start in range(0, len(view), 1 << 16):
        *lines, rest = (rest + stretch.decompress(view[start : start + (1 << 16)])).split(b"\n")
        for line in lines:
            number, *cells = orjson.loads(line)
            yield number, cells
