"""What the API itself tells about its limit, in the headers of its answers."""

import math
from typing import Final

from assignments.stackone.call_samples import Echo
from assignments.stackone.rate_limit_headers import Limit

# Spread evenly over the window, so close to the quota that nothing is left over.
SHARE: Final = 0.995
# Longer windows, such as a day's, are not spread: a few thousand calls must not take all day.
LONGEST_SPREAD_SECONDS: Final = 60.0
# Never slower than a quarter of it, for what is told of the rest is uncertain.
SLOWEST_ENTRY: Final = 0.25
# An API that stopped telling has perhaps stopped limiting.
BELIEVED_SECONDS: Final = 120.0


class Quota:
    """The limit as last told.

    A quota for a minute or less is a rate. How much of it remains matters only while the rate comes
    down to it: an even pace keeps some of a window that starts anew, and of one that slides hardly
    any ever seems to remain. A longer one is used at full pace; once nothing remains, its reset is
    waited for.

    :ivar spent_until: when calls may leave again, if nothing remains
    """

    def __init__(self) -> None:
        self._rate = math.inf
        self._until = -math.inf
        self._rate_before = math.inf
        self._lowered_at = -math.inf
        self._entry_rate = math.inf
        self._entry_until = -math.inf
        self._longest_reset = 0.0
        self.spent_until = -math.inf

    def rate(self, now: float) -> float:
        """Return how many calls may leave in a second, infinitely many if nothing was told.

        :param now: or a moment before the limit was lowered
        """
        if now < self._lowered_at:
            return self._rate_before
        if now < self._entry_until:
            return min(self._rate, self._entry_rate)
        return self._rate if now < self._until else math.inf

    def note(self, echo: Echo, rate: float) -> None:
        """Learn from the headers of an answer to a call that left at that rate."""
        limit, now = echo.limit, echo.ended_at
        if limit is None:
            return
        window, before = self._window(limit), self.rate(now)
        self._until = now + BELIEVED_SECONDS
        self._rate = math.inf
        if limit.quota and 0 < window <= LONGEST_SPREAD_SECONDS:
            self._rate = SHARE * limit.quota / window
            if self._rate < rate and limit.remaining is not None:
                self._enter(limit.remaining - rate * echo.seconds, window, now)
        elif limit.remaining == 0:
            self.spent_until = now + (limit.reset_seconds or 0.0)
        if self._rate < before:
            self._rate_before, self._lowered_at = before, now

    def _enter(self, left: float, window: float, now: float) -> None:
        """Go slower for a window: calls that left before this was known count in it too."""
        self._entry_rate = max(SLOWEST_ENTRY * self._rate, left / window)
        self._entry_until = now + window

    def _window(self, limit: Limit) -> float:
        """Return its length; if that is not told, the longest reset is close to it."""
        self._longest_reset = max(self._longest_reset, limit.reset_seconds or 0.0)
        return limit.window_seconds or self._longest_reset
