"""How many calls may be in flight at once: as many as are of use, fewer when they only queue.

Little's law tells how many are of use: calls a second times the seconds that each takes. When calls
take much longer than usual they may be waiting for each other inside the API, and fewer at once do
as much: the idea of TCP Vegas and of Netflix's concurrency-limits (Gradient2). Whether it is so is
asked with a few calls at a time, as TCP BBR does: if these are as slow, it is not for the number.
A call that the API did not get round to halves it: on a 408 the vendor asks for fewer at once.
"""

import math
from typing import Final

from assignments.stackone.call_samples import Echo, Sign

# From here, 256 calls of 200 ms are reached in well under a second by doubling.
FIRST: Final = 64.0
# Twice what is of use on average, and a few: calls are not all equally fast.
HEADROOM: Final = 2.0
FEW: Final = 4
# Twice the usual time is normal, and a tenth of a second more is nobody's trouble.
TOLERANCE: Final = 2.0
TOLERATED_SECONDS: Final = 0.1
# How much of a new measurement is believed, and of one that tells of slower calls.
SMOOTHING: Final = 0.3
SMOOTHING_UP: Final = 0.05
# Calls that make a measurement, or a quarter of those in flight, or what there is after a second.
ENOUGH: Final = 8
ENOUGH_SHARE: Final = 1 / 4
ENOUGH_SECONDS: Final = 1.0
# How long what was found out with a few calls at a time holds.
HOLDS_SECONDS: Final = 10.0
# One step up after fewer were needed, and at the least one call more.
STEP: Final = 1 / 16


class Slots:
    """The number in flight, measured and moved once a round trip.

    :param most: how many there may ever be
    """

    def __init__(self, most: int) -> None:
        self._most = float(max(1, most))
        self._number = min(FIRST, self._most)
        self._doubles_until = self._most
        self._seconds: float | None = None
        self._usual = 0.0
        self._usual_since = -math.inf
        self._suspected: tuple[float, float] | None = None
        self._step_seconds = 0.0
        self._rests_until = -math.inf
        self._took: list[float] = []
        self._all_took, self._all = 0.0, 0
        self._begin(-math.inf)

    def number(self, rate: float) -> int:
        """Return how many may be in flight, if so many calls a second leave."""
        number = self._number if self._suspected is None else min(self._number, FEW)
        if self._seconds is not None:
            number = min(number, math.ceil(min(self._most, rate * self._seconds * HEADROOM)) + FEW)
        return max(1, int(number))

    def calls_in(self, seconds: float) -> float:
        """Return how many calls the slots could make in so many seconds, or inf if not known."""
        return self._number * seconds / self._seconds if self._seconds else math.inf

    def note(self, echo: Echo, now: float) -> None:
        """Learn now of a call that ended."""
        if echo.sign is Sign.DONE:
            self._all_took += echo.ended_at - echo.left_at
            self._all += 1
        # What left before the last change cannot tell what it did.
        if echo.left_at < self._began_at:
            return
        if echo.sign is Sign.DONE:
            self._took.append(echo.ended_at - echo.left_at)
            if len(self._took) >= self._enough or now >= self._ends_at:
                self._measured(now)
        elif echo.sign is Sign.OVERLOADED:
            # It took so long to learn of it: the way back up takes about as long.
            self._step_seconds = echo.seconds * STEP
            self._fewer(0.5, now)

    def _measured(self, now: float) -> None:
        # The quick ones of those that left since are here first, so the mean is that of all.
        mean = self._all_took / self._all
        # One call that hangs says nothing of the others.
        typical = sorted(self._took)[len(self._took) // 2]
        if self._seconds is None:
            self._seconds, self._usual = mean, typical
        self._seconds += SMOOTHING * (mean - self._seconds)
        if self._suspected is not None:
            self._find_out(typical, self._suspected, now)
        elif typical <= self._tolerated():
            share = SMOOTHING if typical < self._usual else SMOOTHING_UP
            self._usual += share * (typical - self._usual)
            self._more(now)
        elif now < self._usual_since + HOLDS_SECONDS:
            self._fewer(max(0.5, self._tolerated() / typical), now)
        else:
            self._suspected = (self._number, typical)
            self._begin(now)

    def _tolerated(self) -> float:
        return max(TOLERANCE * self._usual, self._usual + TOLERATED_SECONDS)

    def _find_out(self, seconds: float, suspected: tuple[float, float], now: float) -> None:
        """Compare how long calls take when there are few with how long they took with many."""
        self._usual, self._usual_since = seconds, now
        self._suspected = None
        self._number, slow = suspected
        if slow > self._tolerated():
            self._fewer(self._tolerated() / slow, now)
        self._begin(now)

    def _more(self, now: float) -> None:
        self._begin(now)
        if now < self._rests_until:
            return
        step = self._number if self._number < self._doubles_until else self._number * STEP
        self._number = min(self._most, self._number + max(1.0, step))
        self._rests_until = now + self._step_seconds
        if self._number == self._most:
            self._doubles_until, self._step_seconds = self._most, 0.0

    def _fewer(self, share: float, now: float) -> None:
        self._number = self._doubles_until = max(1.0, self._number * share)
        self._rests_until = now + self._step_seconds
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._took.clear()
        self._all_took, self._all = 0.0, 0
        self._began_at = now
        self._ends_at = now + ENOUGH_SECONDS
        self._enough = max(ENOUGH, ENOUGH_SHARE * self._number)
