"""An API and a sender in virtual time, to test minutes of pacing within moments."""

import heapq
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from assignments.services.pacing.rate_policy import RatePolicy
from assignments.stackone.call_samples import ApiHealth, CallSample
from assignments.stackone.rate_limit_headers import RateLimit


@dataclass
class SlidingWindow:
    """Accepts a number of calls in any window; the number may change with time."""

    per_window: Callable[[float], int]
    window: float = 1.0
    accepted: deque[float] = field(default_factory=deque)
    sends_headers: bool = False

    def admit(self, now: float) -> float:
        """Accept a call and return 0, or return the whole seconds to wait."""
        while self.accepted and self.accepted[0] <= now - self.window:
            self.accepted.popleft()
        excess = len(self.accepted) - self.per_window(now)
        if excess >= 0:
            return max(1, math.ceil(self.accepted[excess] + self.window - now))
        self.accepted.append(now)
        return 0

    def limit(self, now: float) -> RateLimit | None:
        """Return the limit that the headers advertise, if they are sent."""
        left = self.per_window(now) - len(self.accepted)
        return (
            RateLimit(self.per_window(now), self.window, max(0, left), 1)
            if self.sends_headers
            else None
        )


@dataclass
class TokenBucket:
    """Accepts calls at a rate that may change with time, and a small burst."""

    per_second: Callable[[float], float]
    burst: float = 5.0
    tokens: float = 5.0
    at: float = 0.0

    def admit(self, now: float) -> float:
        """Accept a call and return 0, or return the whole seconds to wait."""
        gained = (now - self.at) * self.per_second(now)
        self.tokens, self.at = min(self.burst, self.tokens + gained), now
        if self.tokens < 1:
            return 1
        self.tokens -= 1
        return 0

    def limit(self, now: float) -> RateLimit | None:
        """Return None: it sends no headers."""
        return None


type Limiter = SlidingWindow | TokenBucket


@dataclass
class Api:
    """An API: network delay, limiter, and processing time.

    :ivar workers: how many calls it processes concurrently; further ones queue
    """

    limiter: Limiter
    seconds: Callable[[Random, float], float] = lambda random, now: 0.02
    spread: float = 0.0
    workers: int = 10_000
    times_out_after: float = math.inf
    random: Random = field(default_factory=lambda: Random(1))
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def call(self, now: float) -> CallSample:
        """Receive a call that is sent now and return how it ends."""
        arrival = now + 0.001 + self.random.uniform(0, self.spread)
        wait = self.limiter.admit(arrival)
        limit = self.limiter.limit(arrival)
        if wait:
            self.refused.append(arrival)
            return CallSample(now, arrival + 0.001, ApiHealth.RATE_LIMITED, wait, limit)
        self.accepted.append(arrival)
        ended = self._process(arrival)
        if ended - now > self.times_out_after:
            return CallSample(now, now + self.times_out_after, ApiHealth.OVERLOADED, 0.0, limit)
        return CallSample(now, ended, ApiHealth.OK, 0.0, limit)

    def _process(self, arrival: float) -> float:
        free_at = heapq.heappop(self.busy) if len(self.busy) >= self.workers else arrival
        ended = max(free_at, arrival) + self.seconds(self.random, arrival)
        heapq.heappush(self.busy, ended)
        return ended

    def share_used(self, begin: float, end: float, per_second: float) -> float:
        """Return which share of a rate was accepted in an interval."""
        count = bisect_right(self.accepted, end) - bisect_right(self.accepted, begin)
        return count / ((end - begin) * per_second)


@dataclass
class Sender:
    """Sends evenly at the policy's rate, and records ended calls at intervals."""

    api: Api
    policy: RatePolicy
    record_every: float = 0.02
    now: float = 0.0
    next_at: float = 0.0
    in_flight: list[CallSample] = field(default_factory=list)
    sent: int = 0
    concurrency: list[tuple[float, int]] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Send for `seconds`."""
        end = self.now + seconds
        while self.now < end:
            self._record_ended()
            self._send(self.now + self.record_every)
            self.now += self.record_every

    def _record_ended(self) -> None:
        ended = sorted(
            (e for e in self.in_flight if e.ended_monotonic <= self.now),
            key=lambda e: e.ended_monotonic,
        )
        self.in_flight = [sample for sample in self.in_flight if sample.ended_monotonic > self.now]
        self.policy.record(ended, self.now)

    def _send(self, until: float) -> None:
        rate, max_concurrency = self.policy.rate(self.now), self.policy.concurrency(self.now)
        at = max(self.next_at, self.now, self.policy.backoff_until)
        while at < until:
            if (backoff_until := self._backoff_until(at)) > at:
                at = backoff_until
                continue
            ends = sorted(
                sample.ended_monotonic for sample in self.in_flight if sample.ended_monotonic > at
            )
            if len(ends) >= max_concurrency:
                # A slot is used again as soon as it is free.
                at = ends[len(ends) - max_concurrency]
                continue
            self.in_flight.append(self.api.call(at))
            self.concurrency.append((at, len(ends) + 1))
            self.sent += 1
            at += 1 / rate
        self.next_at = at

    def _backoff_until(self, at: float) -> float:
        # The call scheduler backs off by itself, before the policy records the refusal.
        refused = [
            e
            for e in self.in_flight
            if e.health is ApiHealth.RATE_LIMITED and e.ended_monotonic <= at
        ]
        return max((sample.ended_monotonic + sample.retry_after for sample in refused), default=0.0)

    def peak_concurrency(self, begin: float, end: float) -> int:
        """Return the highest number of calls in flight in an interval."""
        return max(count for at, count in self.concurrency if begin <= at < end)
