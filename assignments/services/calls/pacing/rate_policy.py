"""The tempo of one account's calls: how many a second may leave now, and how many at once."""

from collections.abc import Iterable
from random import Random
from typing import Final

from assignments.services.calls.pacing.advertised_limit import Quota
from assignments.services.calls.pacing.concurrency_limit import Slots
from assignments.services.calls.pacing.rate_limiter import Throttle
from assignments.stackone.call_samples import Echo, Sign

# Not quite all that was agreed: calls that left evenly arrive unevenly. A window of a second still
# holds no call too many when they are 6 ms early or late. It is a little more than is reserved
# (`stackone.pacing.SAFE_SHARE`), so that what was late is caught up with.
SHARE: Final = 0.9935


class Tempo:
    """What the ended calls of one account tell about how fast the next may leave.

    The rate is the least of what was agreed, what the API tells in its headers, and what its
    refusals leave. Time is told, in seconds of a clock that only goes forward.

    :param per_second: the rate agreed for the key
    :param most: how many calls may ever be in flight
    """

    def __init__(self, *, per_second: float, most: int, random: Random) -> None:
        self._agreed = SHARE * per_second
        self._quota = Quota()
        self._throttle = Throttle(random)
        self._slots = Slots(most)

    @property
    def held_until(self) -> float:
        """Nothing may leave before: the API asked for a pause."""
        return max(self._throttle.pause.until, self._quota.spent_until)

    def rate(self, now: float) -> float:
        """Return how many calls a second may leave."""
        return self._throttle.rate(now, self._full(now))

    def concurrency(self, now: float) -> int:
        """Return how many calls may be in flight; one while it is not known whether one may."""
        if self._throttle.pause.is_asking:
            return 1
        return self._slots.number(self.rate(now))

    def calls_in(self, seconds: float, now: float) -> float:
        """Return how many calls could leave in so many seconds from now."""
        return min(self.rate(now) * seconds, self._slots.calls_in(seconds))

    def note(self, ended: Iterable[Echo], now: float) -> None:
        """Learn now of calls that ended, in the order in which they did."""
        for echo in ended:
            if echo.sign is Sign.DONE:
                self._throttle.accepted(echo)
            elif echo.sign is Sign.REFUSED:
                # What the API told since it left explains its refusal.
                self.rate(echo.ended_at)
                self._throttle.refused(echo, self._full(echo.left_at))
            if echo.limit is not None:
                self._quota.note(echo, self.rate(echo.ended_at))
            self._slots.note(echo, now)

    def _full(self, now: float) -> float:
        return min(self._agreed, self._quota.rate(now))
