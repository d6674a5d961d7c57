"""Two ways of doing the same thing, taken in turns on the same machine: only their ratio holds."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many a second each way does, and how many times faster ours is."""

    name: str
    unit: str
    ours: str
    ours_per_second: float
    other: str
    other_per_second: float

    @property
    def ratio(self) -> float:
        """Return ours over the other."""
        return self.ours_per_second / self.other_per_second


def rate(work: Callable[[int], None], count: int) -> float:
    """Return how many a second the work does."""
    started = time.perf_counter()
    work(count)
    return count / (time.perf_counter() - started)


def medians(
    ours: Callable[[int], None], other: Callable[[int], None], *, ours_count: int, other_count: int
) -> tuple[float, float]:
    """Return the median rate of each way, after taking them in turns."""
    rounds = [(rate(ours, ours_count), rate(other, other_count)) for _ in range(ROUNDS)]
    return statistics.median(a for a, _ in rounds), statistics.median(b for _, b in rounds)
