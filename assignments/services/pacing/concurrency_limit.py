"""Limit the calls in flight: as many as are useful, fewer when more would only queue at the API.

By Little's law the useful number is calls per second times the seconds that each takes. When calls
take much longer than usual, they may be queueing inside the API, and fewer would achieve as much:
the idea of TCP Vegas and of Netflix's concurrency-limits (Gradient2). To find out, a few calls at a
time are sent for a moment, as TCP BBR does: if these are as slow, the number is not the cause. A
call that times out halves the number: with a 408 StackOne asks for fewer concurrent calls.
"""

import math
from typing import Final

from assignments.stackone.call_samples import ApiHealth, CallSample

# The limit at the start: from here doubling reaches 256 calls of 200 ms well within a second.
INITIAL_LIMIT: Final = 64.0
# Headroom above the useful number: calls are not all equally fast.
HEADROOM_FACTOR: Final = 2.0
HEADROOM_CALLS: Final = 4
# Calls in flight while finding out whether their number makes them slow.
PROBE_CONCURRENCY: Final = 4
# Calls may take twice the usual time, or a tenth of a second more, before they count as slow.
TOLERANCE_FACTOR: Final = 2.0
TOLERANCE_SECONDS: Final = 0.1
# Weight of a new measurement in the moving average; smaller if the calls became slower.
SMOOTHING: Final = 0.3
SMOOTHING_WHEN_SLOWER: Final = 0.05
# A measurement takes this many calls, or this share of the limit if that is more, but no more than
# this many seconds.
MEASURED_CALLS: Final = 8
MEASURED_SHARE: Final = 1 / 4
MEASURED_SECONDS: Final = 1.0
# How many seconds the usual time that was measured with few calls in flight stays valid.
PROBE_VALID_SECONDS: Final = 10.0
# The limit rises in steps of this share after it was lowered, but at least by one call.
STEP_SHARE: Final = 1 / 16


class ConcurrencyLimit:
    """The limit on calls in flight, measured and adapted once per round trip.

    :param max_concurrency: the limit is never higher
    """

    def __init__(self, max_concurrency: int) -> None:
        self._max = float(max(1, max_concurrency))
        self._limit = min(INITIAL_LIMIT, self._max)
        self._doubles_until = self._max
        self._mean_seconds: float | None = None
        self._usual_seconds = 0.0
        self._probed_monotonic = -math.inf
        # While probing: the limit and the seconds of a call before.
        self._before_probe: tuple[float, float] | None = None
        self._step_seconds = 0.0
        self._no_rise_until = -math.inf
        self._durations: list[float] = []
        self._total_seconds, self._total_calls = 0.0, 0
        self._begin_measurement(-math.inf)

    def limit(self, rate: float) -> int:
        """Return how many calls may be in flight if `rate` calls are sent per second."""
        limit = self._limit if self._before_probe is None else min(self._limit, PROBE_CONCURRENCY)
        if self._mean_seconds is not None:
            useful = min(self._max, rate * self._mean_seconds * HEADROOM_FACTOR)
            limit = min(limit, math.ceil(useful) + HEADROOM_CALLS)
        return max(1, int(limit))

    def calls_within(self, seconds: float) -> float:
        """Return how many calls can be made in so many seconds; infinity before a measurement."""
        return self._limit * seconds / self._mean_seconds if self._mean_seconds else math.inf

    def record(self, sample: CallSample, now: float) -> None:
        """Adapt the limit to a call that ended."""
        if sample.health is ApiHealth.OK:
            self._total_seconds += sample.seconds
            self._total_calls += 1
        # Calls that were sent before the last change cannot show its effect.
        if sample.sent_monotonic < self._began_monotonic:
            return
        if sample.health is ApiHealth.OK:
            self._durations.append(sample.seconds)
            if len(self._durations) >= self._calls_to_measure or now >= self._ends_monotonic:
                self._adapt(now)
        elif sample.health is ApiHealth.OVERLOADED:
            # Rise again about as slowly as it took to notice the overload.
            self._step_seconds = sample.seconds * STEP_SHARE
            self._lower(0.5, now)

    def _adapt(self, now: float) -> None:
        # The mean counts all calls that ended: of those sent since, the quick ones end first.
        mean = self._total_seconds / self._total_calls
        # The median ignores a single call that hangs.
        typical = sorted(self._durations)[len(self._durations) // 2]
        if self._mean_seconds is None:
            self._mean_seconds, self._usual_seconds = mean, typical
        self._mean_seconds += SMOOTHING * (mean - self._mean_seconds)
        if self._before_probe is not None:
            self._end_probe(typical, self._before_probe, now)
        elif typical <= self._tolerated_seconds():
            weight = SMOOTHING if typical < self._usual_seconds else SMOOTHING_WHEN_SLOWER
            self._usual_seconds += weight * (typical - self._usual_seconds)
            self._raise(now)
        elif now < self._probed_monotonic + PROBE_VALID_SECONDS:
            self._lower(max(0.5, self._tolerated_seconds() / typical), now)
        else:
            self._before_probe = (self._limit, typical)
            self._begin_measurement(now)

    def _tolerated_seconds(self) -> float:
        return max(TOLERANCE_FACTOR * self._usual_seconds, self._usual_seconds + TOLERANCE_SECONDS)

    def _end_probe(self, seconds: float, before: tuple[float, float], now: float) -> None:
        """Compare how long calls take with few in flight to how long they took before."""
        self._usual_seconds, self._probed_monotonic = seconds, now
        self._before_probe = None
        self._limit, seconds_before = before
        if seconds_before > self._tolerated_seconds():
            self._lower(self._tolerated_seconds() / seconds_before, now)
        self._begin_measurement(now)

    def _raise(self, now: float) -> None:
        self._begin_measurement(now)
        if now < self._no_rise_until:
            return
        is_doubling = self._limit < self._doubles_until
        step = self._limit if is_doubling else self._limit * STEP_SHARE
        self._limit = min(self._max, self._limit + max(1.0, step))
        self._no_rise_until = now + self._step_seconds
        if self._limit == self._max:
            self._doubles_until, self._step_seconds = self._max, 0.0

    def _lower(self, share: float, now: float) -> None:
        self._limit = self._doubles_until = max(1.0, self._limit * share)
        self._no_rise_until = now + self._step_seconds
        self._begin_measurement(now)

    def _begin_measurement(self, now: float) -> None:
        self._durations.clear()
        self._total_seconds, self._total_calls = 0.0, 0
        self._began_monotonic = now
        self._ends_monotonic = now + MEASURED_SECONDS
        self._calls_to_measure = max(MEASURED_CALLS, MEASURED_SHARE * self._limit)
