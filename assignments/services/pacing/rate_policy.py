"""Combine the limits of one account: how many calls per second, and how many in flight."""

from collections.abc import Iterable
from random import Random
from typing import Final

from assignments.services.pacing.advertised_limit import AdvertisedLimit
from assignments.services.pacing.concurrency_limit import ConcurrencyLimit
from assignments.services.pacing.learned_limit import LearnedLimit
from assignments.stackone.call_samples import ApiHealth, CallSample

# Share of the configured rate that is used, since calls that are sent evenly arrive unevenly: with
# it a window of a second does not overflow if calls are 6 ms early or late. It is slightly more
# than what is reserved (`stackone.send_slots.USED_SHARE`), so that late calls are caught up with.
USABLE_SHARE: Final = 0.9935


class RatePolicy:
    """The rate and the concurrency of one account's calls, adapted to how earlier ones ended.

    The rate is the lowest of the configured rate, the advertised limit and the learned limit. All
    times are monotonic seconds.

    :param per_second: the rate configured for the API key
    :param max_concurrency: how many calls may ever be in flight
    """

    def __init__(self, *, per_second: float, max_concurrency: int, random: Random) -> None:
        self._configured = USABLE_SHARE * per_second
        self._advertised = AdvertisedLimit()
        self._learned = LearnedLimit(random)
        self._concurrency = ConcurrencyLimit(max_concurrency)

    @property
    def backoff_until(self) -> float:
        """When the next call may be sent, if the API asked to back off."""
        return max(self._learned.backoff.until, self._advertised.exhausted_until)

    def rate(self, now: float) -> float:
        """Return how many calls may be sent per second."""
        return self._learned.rate(now, self._full_rate(now))

    def concurrency(self, now: float) -> int:
        """Return how many calls may be in flight; one while probing after a backoff."""
        if self._learned.backoff.is_probing or self._advertised.is_probing:
            return 1
        return self._concurrency.limit(self.rate(now))

    def calls_within(self, seconds: float, now: float) -> float:
        """Return how many calls could be sent within so many seconds from now."""
        return min(self.rate(now) * seconds, self._concurrency.calls_within(seconds))

    def record(self, samples: Iterable[CallSample], now: float) -> None:
        """Adapt to calls that ended, in the order in which they did."""
        for sample in samples:
            if sample.health is ApiHealth.OK:
                self._learned.record_accepted(sample)
            elif sample.health is ApiHealth.RATE_LIMITED:
                # A limit that was advertised after the call was sent explains its refusal.
                self.rate(sample.ended_monotonic)
                full_rate = self._full_rate(sample.sent_monotonic)
                self._learned.record_refused(sample, full_rate)
            self._advertised.end_probing(sample)
            if sample.limit is not None:
                self._advertised.record(sample, self.rate(sample.ended_monotonic))
            self._concurrency.record(sample, now)

    def _full_rate(self, now: float) -> float:
        return min(self._configured, self._advertised.rate(now))
