"""How fast calls may leave when the API is slower than agreed, found out from its refusals.

As in TCP a refusal lowers the rate at once and then it rises again; the adaptive retry mode of the
AWS SDKs paces calls so. Two things differ. What was accepted just before a refusal shows where the
limit is, so that most cuts are exact. And a refusal stops all calls for its Retry-After, which
makes it dear: the dearer, the more seldom the limit is touched again.
"""

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Final

from assignments.services.calls.pacing.backoff import Pause
from assignments.services.calls.pacing.rate_recovery import KEPT, Recovery
from assignments.stackone.call_samples import Echo

# What is measured: a second before a refusal, or as long as twenty calls take; fewer tell nothing.
MEASURED_SECONDS: Final = 1.0
MEASURED_CALLS: Final = 20
# With nearly all calls of a climb accepted, the limit lies in a window longer than the measurement.
NEARLY_ALL: Final = 0.97
# So many calls that left after a refusal tell by the share accepted how far too high the rate was.
TELLING: Final = 10
# A refusal that nothing explains: the limit is lower now, by how much is not known. CUBIC's cut.
CUT: Final = 0.7
# One round of refusals takes nine tenths at most, however little was accepted before it.
DEEPEST_CUT: Final = 0.1
# One call in ten seconds: slower is a pause.
SLOWEST: Final = 0.1
# The recovery counts in pauses, so that those of a touch are a small part of the time, and in
# calls, so that the refusals of a touch are few in a hundred.
SHORTEST_STEP: Final = 1.0
CALLS_IN_A_STEP: Final = 5.0
FIRST_PATIENCE: Final = 20.0
LONGEST_PATIENCE: Final = 160.0
# A limit that is met within a tenth of where it was is the same, and left alone twice as long.
SAME: Final = 0.1
# Three seconds' worth at full speed.
REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Round:
    """The refusals that came of one rate.

    :ivar left_at: when the first such call left
    :ivar since_last: how long after that of the round before
    :ivar full: what the rate would have been without refusals
    """

    left_at: float
    since_last: float
    rate: float
    full: float
    refused: int = 0


class Throttle:
    """The rate that the API's refusals leave of the full one.

    A round of refusals cuts once, when its pause is over: by then all answers are here to tell how
    much was accepted.
    """

    def __init__(self, random: Random) -> None:
        self._accepted: deque[float] = deque(maxlen=REMEMBERED)
        self._round: Round | None = None
        self._last_round_at = float("-inf")
        self._recovery: Recovery | None = None
        self._patience = FIRST_PATIENCE
        self.pause = Pause(random)

    def rate(self, now: float, full: float) -> float:
        """Return how many calls a second may leave, if `full` may without refusals."""
        if self._round is not None and now >= self.pause.until:
            self._cut(self._round, full)
            self._round = None
        if self._recovery is None:
            return full
        return min(full, max(SLOWEST, self._recovery.rate(now)))

    def accepted(self, echo: Echo) -> None:
        """Learn from a call that was let through."""
        self._accepted.append(echo.left_at)
        self.pause.accepted(echo)

    def refused(self, echo: Echo, full: float) -> None:
        """Learn from a call that was refused, where `full` is what was known before it."""
        rate = self.rate(echo.ended_at, full)
        # A single call that asks, and is refused again, says nothing about the rate.
        was_asking = self.pause.is_asking
        if self.pause.refused(echo) and not was_asking:
            since_last = echo.left_at - self._last_round_at
            self._round = Round(echo.left_at, since_last, rate, full)
            self._last_round_at = echo.left_at
        if self._round is not None:
            self._round.refused += 1
            self._round.left_at = min(self._round.left_at, echo.left_at)

    def _cut(self, ended: Round, full: float) -> None:
        # A limit that the API told meanwhile explains the refusals.
        if full < ended.full and full < ended.rate:
            return
        found = self._found(ended)
        limit = found or ended.rate
        self._patience = self._next_patience(limit)
        step = max(SHORTEST_STEP, self.pause.seconds, CALLS_IN_A_STEP / limit)
        self._recovery = Recovery(
            start=(KEPT if found else CUT) * limit,
            limit=limit,
            since=self.pause.until,
            step=step,
            patience=self._patience * step,
        )

    def _found(self, ended: Round) -> float | None:
        """Return where the limit is, if what was accepted tells."""
        if self._is_new(ended):
            return ended.rate / KEPT
        # What left later asked whether the pause was over.
        end = self.pause.until - self.pause.seconds / 2
        after = sum(ended.left_at < left < end for left in self._accepted)
        told = after + ended.refused
        if told >= TELLING and after > ended.refused:
            return ended.rate * after / told
        if ended.refused == 1 and after and self._is_rare(ended):
            return ended.rate
        return self._measured(ended, is_alone=not after)

    def _is_new(self, ended: Round) -> bool:
        # Somebody else, or a sender before this one, may have used up the window.
        return not self._accepted or self._accepted[0] > ended.left_at - MEASURED_SECONDS

    def _is_rare(self, ended: Round) -> bool:
        return ended.since_last > FIRST_PATIENCE * max(SHORTEST_STEP, self.pause.seconds)

    def _measured(self, ended: Round, *, is_alone: bool) -> float | None:
        """Return what was accepted in the second before, if the rate had been rising.

        If it had not, the limit was not met but has moved, to who knows where.
        """
        before = self._recovery
        if before is None:
            return None
        span = max(MEASURED_SECONDS, min(MEASURED_CALLS / ended.rate, ended.since_last))
        begin = ended.left_at - span
        count = sum(begin < left <= ended.left_at for left in self._accepted)
        if count < MEASURED_CALLS - 1:
            return None
        if not before.is_touching(ended.left_at):
            # A part of the span was paused: that is right if the API counts in windows.
            is_right = is_alone or begin >= before.since
            is_seen = count / span < NEARLY_ALL * ended.rate
            if not (is_right and is_seen and before.is_climbing(ended.left_at)):
                return None
        return min(ended.rate, max(count / span, DEEPEST_CUT * ended.rate))

    def _next_patience(self, limit: float) -> float:
        before = self._recovery
        if before is None or abs(limit - before.limit) > SAME * before.limit:
            return FIRST_PATIENCE
        return min(LONGEST_PATIENCE, 2 * self._patience)
