"""How many calls a sender may start now, from the configured rate, recent responses and outages."""

import math
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, Final

from django.conf import settings

from assignments.models import Account
from assignments.services.calls.call_process import CallProcess, EndedCall
from assignments.services.pacing.circuit_breaker import CircuitBreaker
from assignments.services.pacing.rate_policy import RatePolicy

# How far ahead of their send time rows are claimed: at the default limit half of it is a group of
# 8 rows, which share one log entry. Pausing gives them back, and stopping waits no longer.
CLAIM_AHEAD: Final = timedelta(seconds=1)
# During a longer backoff claimed rows are given back, so that none is shown as sending.
LONG_BACKOFF_SECONDS: Final = 1.0
# Claimed rows must last until the next are claimed. The sender works in groups of calls that end
# within 0.1 s: rows for two and a half groups, by time and by the size of recent groups. At first,
# before sizes are known, each slot is expected to make several calls in that time.
READY_SECONDS: Final = 0.25
READY_GROUPS: Final = 2.5
FIRST_CALLS_PER_SLOT: Final = 8
# At a low rate more rows are claimed than that, up to this many: they share one log entry.
SHARING_ROWS: Final = 16
# The first calls should not wait until hundreds of rows are claimed: start with this many rows, and
# claim twice as many each time.
FIRST_CLAIM_ROWS: Final = 64
# The expected group size decreases by this factor with every smaller group.
GROUP_DECAY: Final = 0.8
# Pages show a lower rate only if it is below this share of the configured one.
NOTICEABLE_SHARE: Final = 0.9


# Every call is paced in the same way, whatever it sends and returns.
type AnyProcess = CallProcess[Any, Any]
type AnyEndedCall = EndedCall[Any, Any]


class Pacer:
    """Applies the rate policy and the circuit breaker of one account to its sender's calls."""

    def __init__(self, account: Account, calls: AnyProcess) -> None:
        self._account = account
        self._calls = calls
        self._configured_per_second = float(settings.STACKONE_REQUESTS_PER_MINUTE) / 60
        random = SystemRandom()
        self._policy = RatePolicy(
            per_second=self._configured_per_second,
            max_concurrency=settings.SENDER_CONCURRENCY,
            random=random,
        )
        self._circuit_breaker = CircuitBreaker(random)
        self._group_size = 0.0
        self._is_filling = False

    @property
    def is_filling(self) -> bool:
        """Whether more calls may be started than `startable_calls` returned last."""
        return self._is_filling

    def record_ended(self, ended: Sequence[AnyEndedCall]) -> None:
        """Adapt to the calls that ended since the last time."""
        samples = [call.sample for call in ended if call.sample is not None]
        self._group_size = max(float(len(samples)), GROUP_DECAY * self._group_size)
        self._policy.record(samples, time.monotonic())
        self._circuit_breaker.record_ended(samples)

    def startable_calls(self, scheduled_ahead: timedelta) -> int:
        """Return how many calls may be started now, and set the limits of the call process.

        :param scheduled_ahead: how far in the future the last started call is to be sent
        """
        now = time.monotonic()
        allowed = self._circuit_breaker.allowed_calls(now)
        if not allowed or self._policy.backoff_until > now + LONG_BACKOFF_SECONDS:
            self._calls.cancel_waiting("The API asked to back off before the request was sent.")
            return 0
        concurrency, rate = self._policy.concurrency(now), self._policy.rate(now)
        self._calls.set_limits(concurrency, rate)
        spare = self._spare_calls(concurrency, now) if concurrency > 1 else 0
        in_flight = self._calls.in_flight
        if spare <= SHARING_ROWS and in_flight > concurrency + spare / 2:
            # Few rows at a time would each take an entry of the log.
            return 0
        missing = math.ceil(rate * (CLAIM_AHEAD - scheduled_ahead).total_seconds())
        startable = max(0, min(concurrency + spare - in_flight, missing, allowed))
        most = max(FIRST_CLAIM_ROWS, 2 * in_flight)
        self._is_filling = startable > most
        return min(startable, most)

    def _spare_calls(self, concurrency: int, now: float) -> int:
        """Return how many calls must be ready beyond those in flight until rows are claimed again.

        As many as could be made by then, within the bounds of what was made lately.
        """
        likely = max(FIRST_CALLS_PER_SLOT * concurrency, READY_GROUPS * self._group_size)
        ready = min(self._policy.calls_within(READY_SECONDS, now), likely)
        ahead = self._policy.calls_within(CLAIM_AHEAD.total_seconds(), now)
        return int(max(ready, min(ahead, SHARING_ROWS)))

    def record_started(self) -> None:
        """Record that calls were started."""
        self._circuit_breaker.record_sent(time.monotonic())

    def store_rate(self, now: datetime) -> None:
        """Store with the account what pages show of its rate; writes only if it changed."""
        monotonic = time.monotonic()
        rate = self._policy.rate(monotonic)
        resumes = max(self._policy.backoff_until, self._circuit_breaker.retry_monotonic)
        seconds = resumes - monotonic
        is_slower = rate < NOTICEABLE_SHARE * self._configured_per_second
        is_backing_off = seconds > LONG_BACKOFF_SECONDS
        values = {
            "provider_rate_per_minute": max(1, round(rate * 60)) if is_slower else None,
            "slowed_until": now + timedelta(seconds=seconds) if is_backing_off else None,
        }
        Account.objects.filter(pk=self._account.pk).exclude(**values).update(**values)
