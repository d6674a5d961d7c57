"""Rows of 256 hashes side by side: a proof costs a handful of them, however long the log is.

Level 0 holds the hashes of entries, level 1 the roots of 256 entries each, level 2 those of
65,536. They are written when the log is sealed, so that appending costs nothing more. Of entries
that were pruned they are all that is left.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection, transaction

from assignments.audit.merkle.tree import HASH_BYTES, node_hash
from assignments.models import LogEntry, LogTile

WIDTH: Final = 256
BITS: Final = 8
CHUNK: Final = 64 * WIDTH
MOST_ROWS: Final = 64
ROW_BYTES: Final = WIDTH * HASH_BYTES


class MissingHashes(LookupError):
    """The rows do not reach as far as a proof needs them."""


class Tiles:
    """The roots of subtrees, worked out once from each row, of which some are remembered."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, int], list[list[bytes]]] = {}

    def __call__(self, level: int, number: int) -> bytes:
        """Return the root of the leaves from number * 2^level on.

        :raises MissingHashes: if the rows do not hold it
        """
        tile_level, within = divmod(level, BITS)
        tile, place = divmod(number, WIDTH >> within)
        levels = self._row(tile_level, tile)
        if within < len(levels) and place < len(levels[within]):
            return levels[within][place]
        raise MissingHashes(f"No row holds subtree {number} of level {level}")

    def _row(self, level: int, number: int) -> list[list[bytes]]:
        key = (level, number)
        if key not in self._rows:
            if len(self._rows) >= MOST_ROWS:
                self._rows.clear()
            self._rows[key] = _levels_of(_stored(level, number))
        return self._rows[key]


def extend(size: int) -> None:
    """Write the rows of the first `size` entries, going on where they end.

    Doing it twice, or twice at once, writes the same.
    """
    start = leaves()
    while start < size:
        stop = min(size, start + CHUNK)
        found = LogEntry.objects.filter(seq__gte=start, seq__lt=stop).order_by("seq")
        hashes = [bytes(leaf) for leaf in found.values_list("leaf", flat=True)]
        if len(hashes) != stop - start:
            raise MissingHashes(f"Entries are missing among {start:,} to {stop - 1:,}.")
        with transaction.atomic():
            _add(0, start, hashes)
        start = stop


def leaves() -> int:
    """Return how many entries the rows hold the hashes of."""
    last = LogTile.objects.filter(level=0).order_by("-number").first()
    return last.number * WIDTH + len(bytes(last.hashes)) // HASH_BYTES if last else 0


def leaf_hashes(start: int, stop: int) -> Iterator[list[bytes]]:
    """Yield the hashes of the entries from `start` on and below `stop`, those of a row at a time.

    :raises MissingHashes: if a row does not hold them
    """
    first, end = start // WIDTH, -(-stop // WIDTH)
    found = LogTile.objects.filter(level=0, number__gte=first, number__lt=end).order_by("number")
    kept = found.values_list("number", "hashes").iterator(chunk_size=CHUNK // WIDTH)
    for number in range(first, end):
        begins, ends = max(start, number * WIDTH), min(stop, (number + 1) * WIDTH)
        at, hashes = next(kept, (number, b""))
        places = range(begins - number * WIDTH, ends - number * WIDTH)
        if at != number or len(hashes) < places.stop * HASH_BYTES:
            raise MissingHashes(f"No row holds the hashes of entries {begins:,} to {ends - 1:,}.")
        row = bytes(hashes)
        yield [row[place * HASH_BYTES : (place + 1) * HASH_BYTES] for place in places]


def stored_tiles(level: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the hashes of each row of a level."""
    found = LogTile.objects.filter(level=level).order_by("number")
    for number, hashes in found.values_list("number", "hashes").iterator(chunk_size=CHUNK // WIDTH):
        yield number, bytes(hashes)


def tile_root(row: bytes) -> bytes:
    """Return the root over hashes side by side, as many as a power of two."""
    levels = _levels_of(row)
    if len(levels[0]) != 1 << len(levels) - 1:
        raise ValueError(f"{len(levels[0])} hashes are no power of two and have no one root")
    return levels[-1][0]


def _levels_of(row: bytes) -> list[list[bytes]]:
    """Return the hashes of a row, then those of its whole pairs, of fours, and so on."""
    hashes = [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]
    levels = [hashes]
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=False)]
        levels.append(hashes)
    return levels


def _add(level: int, start: int, hashes: Sequence[bytes]) -> None:
    """Put the hashes at place `start` and after; the roots of rows that are full go one up."""
    first, begun = divmod(start, WIDTH)
    joined = _stored(level, first)[: begun * HASH_BYTES] + b"".join(hashes)
    new = [joined[at : at + ROW_BYTES] for at in range(0, len(joined), ROW_BYTES)]
    _write(level, first, new)
    full = [tile_root(row) for row in new if len(row) == ROW_BYTES]
    if full:
        _add(level + 1, first, full)


def _write(level: int, first: int, new: Sequence[bytes]) -> None:
    table = LogTile._meta.db_table
    # A row only ever grows: of two that are written at once the longer one stays. Our own names.
    statement = (
        f"INSERT INTO {table} (level, number, hashes) VALUES (%s, %s, %s) "  # noqa: S608  # nosec B608
        "ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes "
        f"WHERE length(excluded.hashes) > length({table}.hashes)"
    )
    values = [(level, number, row) for number, row in enumerate(new, first)]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _stored(level: int, number: int) -> bytes:
    found = LogTile.objects.filter(level=level, number=number)
    return bytes(found.values_list("hashes", flat=True).first() or b"")
