"""Derive a call rate from the limit that the API advertises in its response headers."""

import math
from typing import Final

from assignments.stackone.call_samples import CallSample
from assignments.stackone.rate_limit_headers import RateLimit

# Share of the quota that is used, spread evenly over its window.
USED_SHARE: Final = 0.995
# The quota of a longer window, such as a day, is not spread: a batch of a few thousand calls should
# not take all day.
LONGEST_SPREAD_SECONDS: Final = 60.0
# After the limit was lowered, the rate for one window is at least this share of the new rate: the
# `remaining` that it is computed from is uncertain.
SMALLEST_FIRST_SHARE: Final = 0.25
# After so many seconds without headers the limit is forgotten: the API may have removed it.
EXPIRES_AFTER_SECONDS: Final = 120.0


class AdvertisedLimit:
    """The limit in the latest headers, as a rate.

    The quota of a window up to a minute becomes a rate. What remains of it matters only while the
    rate is being lowered: at an even rate some always remains of a fixed window, and hardly any of
    a sliding one. The quota of a longer window is used at the full rate; once nothing remains,
    calls wait for its reset.

    :ivar exhausted_until: when calls may be sent again, if nothing remains of a long window
    :ivar is_probing: no call that was sent after that has ended; only one at a time should be sent
    """

    def __init__(self) -> None:
        self._rate = math.inf
        self._valid_until = -math.inf
        self._previous_rate = math.inf
        self._lowered_monotonic = -math.inf
        self._first_window_rate = math.inf
        self._first_window_until = -math.inf
        self._longest_reset = 0.0
        self.exhausted_until = -math.inf
        self.is_probing = False

    def rate(self, now: float) -> float:
        """Return how many calls may be sent per second; infinity without a limit.

        :param now: may also be a time before the limit was lowered
        """
        if now < self._lowered_monotonic:
            return self._previous_rate
        if now < self._first_window_until:
            return min(self._rate, self._first_window_rate)
        return self._rate if now < self._valid_until else math.inf

    def end_probing(self, sample: CallSample) -> None:
        """Stop probing if the call was sent after nothing had remained."""
        if sample.sent_monotonic >= self.exhausted_until:
            self.is_probing = False

    def record(self, sample: CallSample, rate: float) -> None:
        """Update the limit from the headers of a call that was sent at `rate`."""
        limit, now = sample.limit, sample.ended_monotonic
        if limit is None:
            return
        window, previous = self._window(limit), self.rate(now)
        self._valid_until = now + EXPIRES_AFTER_SECONDS
        self._rate = math.inf
        if limit.quota and 0 < window <= LONGEST_SPREAD_SECONDS:
            self._rate = USED_SHARE * limit.quota / window
            if self._rate < rate and limit.remaining is not None:
                self._slow_first_window(limit.remaining - rate * sample.seconds, window, now)
        elif limit.remaining == 0:
            self.exhausted_until = now + (limit.reset_seconds or 0.0)
            self.is_probing = self.exhausted_until > now
        if self._rate < previous:
            self._previous_rate, self._lowered_monotonic = previous, now

    def _slow_first_window(self, remaining: float, window: float, now: float) -> None:
        """Lower the rate for one window, which also counts the calls sent at the old rate."""
        self._first_window_rate = max(SMALLEST_FIRST_SHARE * self._rate, remaining / window)
        self._first_window_until = now + window

    def _window(self, limit: RateLimit) -> float:
        """Return the window in seconds; if it is missing, the longest reset so far is close."""
        self._longest_reset = max(self._longest_reset, limit.reset_seconds or 0.0)
        return limit.window_seconds or self._longest_reset
