"""Draw a reproducible sample of entries from a seed.

Entries are sorted by the SHA-256 of the seed, a colon and their number, as in `q3-2026:20377`; the
first ones are the sample. There is no random number generator, so anybody can repeat the draw with
any tool.
"""

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ALGORITHM: Final = "smallest SHA-256 of SEED:NUMBER, as hexadecimal digits"
MAX_SIZE: Final = 250


@dataclass(frozen=True, slots=True)
class DrawnEntry:
    """An entry of the sample, and the hash that it was sorted by."""

    sha256: str
    seq: int


def draw_key(seed: str, seq: int) -> str:
    """Return the hash that entries are sorted by in a draw."""
    return hashlib.sha256(f"{seed}:{seq}".encode()).hexdigest()


def draw(numbers: Iterable[int], *, seed: str, size: int) -> list[DrawnEntry]:
    """Draw a sample of `size` entries, or all if there are fewer, in the order of the draw."""
    chosen = heapq.nsmallest(size, ((draw_key(seed, seq), seq) for seq in numbers))
    return [DrawnEntry(sha256, seq) for sha256, seq in chosen]
