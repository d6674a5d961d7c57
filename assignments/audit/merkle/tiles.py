"""Tiles: stored rows of 256 subtree hashes, so that a proof reads a handful of rows of any log.

A tile of level 0 holds leaf hashes of entries, of level 1 the roots of 256 entries each, of level 2
those of 65,536. Tiles are written when the log is sealed, so that appending costs nothing more.
They are all that remains of pruned entries.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection, transaction

from assignments.audit.merkle.tree import HASH_BYTES, node_hash
from assignments.models import LogEntry, LogTile
from assignments.models.sql.statements import format_sql

WIDTH: Final = 256
BITS: Final = 8
CHUNK: Final = 64 * WIDTH
CACHE_SIZE: Final = 64
TILE_BYTES: Final = WIDTH * HASH_BYTES
# A tile only ever grows: of two concurrent writes the longer one stays.
_WRITE: Final = format_sql(
    "INSERT INTO {tiles} (level, number, hashes) VALUES (%s, %s, %s) "
    "ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes "
    "WHERE length(excluded.hashes) > length({tiles}.hashes)",
    tiles=LogTile,
)


class MissingHashes(LookupError):
    """The tiles do not contain a hash that is needed."""


class Tiles:
    """Computes roots of subtrees from stored tiles, with a small cache of tiles."""

    def __init__(self) -> None:
        self._cache: dict[tuple[int, int], list[list[bytes]]] = {}

    def __call__(self, level: int, number: int) -> bytes:
        """Return the root of the 2^level leaves that start at leaf number * 2^level.

        :raises MissingHashes: if the tiles do not contain it
        """
        tile_level, within = divmod(level, BITS)
        tile, offset = divmod(number, WIDTH >> within)
        levels = self._tile(tile_level, tile)
        if within < len(levels) and offset < len(levels[within]):
            return levels[within][offset]
        raise MissingHashes(f"No tile contains subtree {number} of level {level}")

    def _tile(self, level: int, number: int) -> list[list[bytes]]:
        key = (level, number)
        if key not in self._cache:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            self._cache[key] = _levels_of(_stored(level, number))
        return self._cache[key]


def extend(size: int) -> None:
    """Extend the tiles to the first `size` entries; may run twice, even concurrently.

    :raises MissingHashes: if entries are missing
    """
    start = leaf_count()
    while start < size:
        stop = min(size, start + CHUNK)
        entries = LogEntry.objects.filter(seq__gte=start, seq__lt=stop).order_by("seq")
        hashes = [bytes(leaf) for leaf in entries.values_list("leaf", flat=True)]
        if len(hashes) != stop - start:
            raise MissingHashes(f"Entries are missing among {start:,} to {stop - 1:,}.")
        with transaction.atomic():
            _add(0, start, hashes)
        start = stop


def leaf_count() -> int:
    """Return how many leaf hashes the tiles contain."""
    last = LogTile.objects.filter(level=0).order_by("-number").first()
    return last.number * WIDTH + len(bytes(last.hashes)) // HASH_BYTES if last else 0


def leaf_hashes(start: int, stop: int) -> Iterator[list[bytes]]:
    """Yield the leaf hashes from `start` up to, not including, `stop`, those of one tile at a time.

    :raises MissingHashes: if a tile does not contain them
    """
    first, end = start // WIDTH, -(-stop // WIDTH)
    tiles = LogTile.objects.filter(level=0, number__gte=first, number__lt=end).order_by("number")
    stored = tiles.values_list("number", "hashes").iterator(chunk_size=CHUNK // WIDTH)
    for number in range(first, end):
        first_leaf, end_leaf = max(start, number * WIDTH), min(stop, (number + 1) * WIDTH)
        stored_number, hashes = next(stored, (number, b""))
        offsets = range(first_leaf - number * WIDTH, end_leaf - number * WIDTH)
        if stored_number != number or len(hashes) < offsets.stop * HASH_BYTES:
            leaves = f"{first_leaf:,} to {end_leaf - 1:,}"
            raise MissingHashes(f"No tile contains the hashes of entries {leaves}.")
        tile = bytes(hashes)
        yield [tile[offset * HASH_BYTES : (offset + 1) * HASH_BYTES] for offset in offsets]


def stored_tiles(level: int) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the joined hashes of each tile of a level."""
    tiles = LogTile.objects.filter(level=level).order_by("number").values_list("number", "hashes")
    for number, hashes in tiles.iterator(chunk_size=CHUNK // WIDTH):
        yield number, bytes(hashes)


def tile_root(tile: bytes) -> bytes:
    """Return the root over the hashes of a tile.

    :raises ValueError: if their number is not a power of two
    """
    levels = _levels_of(tile)
    if len(levels[0]) != 1 << len(levels) - 1:
        raise ValueError(f"{len(levels[0])} hashes are not a power of two and have no single root")
    return levels[-1][0]


def _levels_of(tile: bytes) -> list[list[bytes]]:
    """Return the hashes of a tile, then those of its complete pairs, of fours, and so on."""
    hashes = [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
    levels = [hashes]
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=False)]
        levels.append(hashes)
    return levels


def _add(level: int, start: int, hashes: Sequence[bytes]) -> None:
    """Write hashes from offset `start` on; the roots of full tiles are added one level up."""
    first, offset = divmod(start, WIDTH)
    joined = _stored(level, first)[: offset * HASH_BYTES] + b"".join(hashes)
    tiles = [joined[at : at + TILE_BYTES] for at in range(0, len(joined), TILE_BYTES)]
    _write(level, first, tiles)
    full = [tile_root(tile) for tile in tiles if len(tile) == TILE_BYTES]
    if full:
        _add(level + 1, first, full)


def _write(level: int, first: int, tiles: Sequence[bytes]) -> None:
    values = [(level, number, tile) for number, tile in enumerate(tiles, first)]
    with connection.cursor() as cursor:
        cursor.executemany(_WRITE, values)


def _stored(level: int, number: int) -> bytes:
    hashes = LogTile.objects.filter(level=level, number=number).values_list("hashes", flat=True)
    return bytes(hashes.first() or b"")
