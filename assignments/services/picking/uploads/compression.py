"""Store the rows of a file as one compressed value while they wait for the columns."""

import zlib
from collections.abc import Iterable, Iterator

import orjson

from assignments.services.picking.uploads.reader import Row

LEVEL = 1


def compress_rows(rows: Iterable[Row]) -> bytes:
    """Return the rows as a zlib stream of JSON lines, each `[row number, cell, …]`."""
    compressor = zlib.compressobj(LEVEL)
    parts = [compressor.compress(orjson.dumps([number, *cells]) + b"\n") for number, cells in rows]
    return b"".join([*parts, compressor.flush()])


def decompress_rows(compressed: bytes) -> Iterator[Row]:
    """Yield the rows of a value that `compress_rows` returned."""
    decompressor, rest, view = zlib.decompressobj(), b"", memoryview(compressed)
    for start in range(0, len(view), 1 << 16):
        chunk = decompressor.decompress(view[start : start + (1 << 16)])
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number, *cells = orjson.loads(line)
            yield number, cells
