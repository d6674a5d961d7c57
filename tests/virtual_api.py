"""An API and a sender in virtual time, to see in moments what pacing does in minutes."""

import heapq
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from assignments.services.calls.pacing.rate_policy import RatePolicy
from assignments.stackone.call_samples import ApiHealth, CallSample
from assignments.stackone.rate_limit_headers import RateLimit


@dataclass
class SlidingWindow:
    """Lets so many calls through in any window; the number may change with time."""

    per_window: Callable[[float], int]
    window: float = 1.0
    passed: deque[float] = field(default_factory=deque)
    tells: bool = False

    def wait(self, now: float) -> float:
        """Let a call through and return 0, or return the whole seconds to wait."""
        while self.passed and self.passed[0] <= now - self.window:
            self.passed.popleft()
        excess = len(self.passed) - self.per_window(now)
        if excess >= 0:
            return max(1, math.ceil(self.passed[excess] + self.window - now))
        self.passed.append(now)
        return 0

    def limit(self, now: float) -> RateLimit | None:
        """Return what the headers say."""
        left = self.per_window(now) - len(self.passed)
        return RateLimit(self.per_window(now), self.window, max(0, left), 1) if self.tells else None


@dataclass
class TokenBucket:
    """Lets calls through at a rate that may change with time, and a small burst."""

    per_second: Callable[[float], float]
    burst: float = 5.0
    tokens: float = 5.0
    at: float = 0.0

    def wait(self, now: float) -> float:
        """Let a call through and return 0, or return the whole seconds to wait."""
        gained = (now - self.at) * self.per_second(now)
        self.tokens, self.at = min(self.burst, self.tokens + gained), now
        if self.tokens < 1:
            return 1
        self.tokens -= 1
        return 0

    def limit(self, now: float) -> RateLimit | None:
        """Return what the headers say: nothing."""
        return None


type Limiter = SlidingWindow | TokenBucket


@dataclass
class Api:
    """An API: the network's delays, what lets calls through, and the time that they take.

    :ivar at_once: how many calls it works on at once; the others wait in line
    """

    limiter: Limiter
    seconds: Callable[[Random, float], float] = lambda random, now: 0.02
    spread: float = 0.0
    at_once: int = 10_000
    times_out_after: float = math.inf
    random: Random = field(default_factory=lambda: Random(1))
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    def call(self, now: float) -> CallSample:
        """Take a call that leaves now and return how it ends."""
        there = now + 0.001 + self.random.uniform(0, self.spread)
        wait = self.limiter.wait(there)
        limit = self.limiter.limit(there)
        if wait:
            self.refused.append(there)
            return CallSample(now, there + 0.001, ApiHealth.RATE_LIMITED, wait, limit)
        self.accepted.append(there)
        ended = self._worked(there)
        if ended - now > self.times_out_after:
            return CallSample(now, now + self.times_out_after, ApiHealth.OVERLOADED, 0.0, limit)
        return CallSample(now, ended, ApiHealth.OK, 0.0, limit)

    def _worked(self, there: float) -> float:
        free_at = heapq.heappop(self.busy) if len(self.busy) >= self.at_once else there
        ended = max(free_at, there) + self.seconds(self.random, there)
        heapq.heappush(self.busy, ended)
        return ended

    def share_used(self, begin: float, end: float, per_second: float) -> float:
        """Return how much of a rate was accepted in a stretch of time."""
        count = bisect_right(self.accepted, end) - bisect_right(self.accepted, begin)
        return count / ((end - begin) * per_second)


@dataclass
class Sender:
    """Sends evenly at the tempo, and looks at what ended once in a while."""

    api: Api
    policy: RatePolicy
    looks_every: float = 0.02
    now: float = 0.0
    next_at: float = 0.0
    out: list[CallSample] = field(default_factory=list)
    sent: int = 0
    at_once: list[tuple[float, int]] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        """Send for so long."""
        end = self.now + seconds
        while self.now < end:
            self._look()
            self._send(self.now + self.looks_every)
            self.now += self.looks_every

    def _look(self) -> None:
        ended = sorted(
            (e for e in self.out if e.ended_monotonic <= self.now), key=lambda e: e.ended_monotonic
        )
        self.out = [sample for sample in self.out if sample.ended_monotonic > self.now]
        self.policy.record(ended, self.now)

    def _send(self, until: float) -> None:
        rate, max_concurrency = self.policy.rate(self.now), self.policy.concurrency(self.now)
        at = max(self.next_at, self.now, self.policy.backoff_until)
        while at < until:
            if (backoff_until := self._held_until(at)) > at:
                at = backoff_until
                continue
            ends = sorted(
                sample.ended_monotonic for sample in self.out if sample.ended_monotonic > at
            )
            if len(ends) >= max_concurrency:
                # A slot that is free again is used at once.
                at = ends[len(ends) - max_concurrency]
                continue
            self.out.append(self.api.call(at))
            self.at_once.append((at, len(ends) + 1))
            self.sent += 1
            at += 1 / rate
        self.next_at = at

    def _held_until(self, at: float) -> float:
        # The calls themselves stop at a refusal, before the tempo is told of it.
        refused = [
            e for e in self.out if e.health is ApiHealth.RATE_LIMITED and e.ended_monotonic <= at
        ]
        return max((sample.ended_monotonic + sample.retry_after for sample in refused), default=0.0)

    def most_at_once(self, begin: float, end: float) -> int:
        """Return how many calls were in flight at once in a stretch of time."""
        return max(count for at, count in self.at_once if begin <= at < end)
