"""Circuit breaker: stop all calls during an outage, and probe for its end with one call at a time.

Every call during an outage may leave a row whose outcome is unknown. The circuit breaker limits
these to a few dozen; without it there would be hundreds (M. Nygard, Release It!, "Circuit
Breaker").
"""

import sys
from collections.abc import Iterable
from random import Random
from typing import Final

from assignments.stackone.call_samples import ApiHealth, CallSample

# It opens after this many failures in a row that span at least this many seconds. If one call in
# three failed at random, ten in a row would happen once in 60,000 calls; without any success for a
# second besides, it is an outage.
OPENS_AFTER_FAILURES: Final = 10
OPENS_AFTER_SECONDS: Final = 1.0
# It opens after this many in a row however quickly they came.
OPENS_IMMEDIATELY_AFTER: Final = 40
FIRST_OPEN_SECONDS: Final = 1.0
LONGEST_OPEN_SECONDS: Final = 60.0
# Random extra, as a share: several senders should not probe at the same moment.
JITTER_SHARE: Final = 0.25
# A probe without a result after so many seconds was never sent: a call ends within 65 s.
PROBE_TIMEOUT_SECONDS: Final = 75.0

UNLIMITED: Final = sys.maxsize
NEVER: Final = float("-inf")


class CircuitBreaker:
    """Closed: calls may be sent. Open: none until `retry_monotonic`, then one, the probe.

    If the probe fails, it opens again for twice as long. Any success closes it.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._open_seconds = FIRST_OPEN_SECONDS
        self._probed_monotonic = NEVER
        self._failures = 0
        self._failing_since = 0.0
        self.retry_monotonic = NEVER

    @property
    def is_open(self) -> bool:
        """Whether there is an outage, by the calls that have ended."""
        return self.retry_monotonic != NEVER

    def allowed_calls(self, now: float) -> int:
        """Return how many calls may be sent now."""
        if not self.is_open:
            return UNLIMITED
        is_probe_in_flight = now < self._probed_monotonic + PROBE_TIMEOUT_SECONDS
        return 0 if is_probe_in_flight or now < self.retry_monotonic else 1

    def record_sent(self, now: float) -> None:
        """Record that calls are sent now; if the breaker is open, the call is the probe."""
        if self.is_open and now >= self.retry_monotonic:
            self._probed_monotonic = now

    def record_ended(self, samples: Iterable[CallSample]) -> None:
        """Open or close for calls that ended, in the order in which they did."""
        for sample in samples:
            if sample.health in {ApiHealth.OK, ApiHealth.RATE_LIMITED}:
                self._close()
            else:
                self._record_failure(sample)

    def _close(self) -> None:
        self._failures = 0
        self._open_seconds = FIRST_OPEN_SECONDS
        self.retry_monotonic = self._probed_monotonic = NEVER

    def _record_failure(self, sample: CallSample) -> None:
        if self.is_open:
            if sample.sent_monotonic >= self._probed_monotonic > NEVER:
                self._open(sample.ended_monotonic)
            return
        if not self._failures:
            self._failing_since = sample.ended_monotonic
        self._failures += 1
        failing_seconds = sample.ended_monotonic - self._failing_since
        is_outage = (
            self._failures >= OPENS_AFTER_FAILURES and failing_seconds >= OPENS_AFTER_SECONDS
        )
        if is_outage or self._failures >= OPENS_IMMEDIATELY_AFTER:
            self._open(sample.ended_monotonic)

    def _open(self, now: float) -> None:
        seconds = self._open_seconds * self._random.uniform(1, 1 + JITTER_SHARE)
        self.retry_monotonic = now + min(LONGEST_OPEN_SECONDS, seconds)
        self._probed_monotonic = NEVER
        self._open_seconds = min(LONGEST_OPEN_SECONDS, 2 * self._open_seconds)
