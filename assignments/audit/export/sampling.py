"""Drawing a sample that anybody can draw again, by hand, on any machine and in any year.

An entry's place in the draw is the SHA-256 of the seed, a colon and its number, as in
`q3-2026:20377`; those with the smallest are the sample. No random numbers are involved, so nothing
depends on how a language makes them.
"""

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ALGORITHM: Final = "smallest SHA-256 of SEED:NUMBER, as hexadecimal digits"
MOST: Final = 250


@dataclass(frozen=True, slots=True)
class Drawn:
    """An entry of the sample, and the hash that decided it."""

    sha256: str
    seq: int


def place(seed: str, seq: int) -> str:
    """Return what entries are sorted by in a draw."""
    return hashlib.sha256(f"{seed}:{seq}".encode()).hexdigest()


def draw(numbers: Iterable[int], *, seed: str, size: int) -> list[Drawn]:
    """Return the sample in the order of the draw; all of them if they are fewer."""
    chosen = heapq.nsmallest(size, ((place(seed, seq), seq) for seq in numbers))
    return [Drawn(*one) for one in chosen]
