"""Samples of ended calls: how well the API coped with each, whatever it means for the row.

Pacing learns from them how fast and how many at a time calls may be sent.
"""

from enum import Enum
from typing import Final, NamedTuple

from assignments.stackone.errors import NotSent, OutcomeUnknown, RateLimited
from assignments.stackone.rate_limit_headers import RateLimit

TIMEOUT_STATUSES: Final = frozenset({408, 504})
# A connection that breaks after this long was not reset by accident: the API was too busy. Chosen
# above any normal response time and below the client's time-out of 65 s.
SLOW_FAILURE_SECONDS: Final = 30.0
# The wait after a 429 that does not say how long, unless another one came just before.
FIRST_WAIT_SECONDS: Final = 1.0


class ApiHealth(Enum):
    """How the API coped with a call."""

    OK = "It processed the call, whatever its response."
    RATE_LIMITED = "It asked for fewer calls: 429."
    OVERLOADED = "It did not respond in time: fewer calls should be in flight."
    FAILED = "It was unreachable, dropped the connection or sent an unusable response."


class CallSample(NamedTuple):
    """One ended call.

    :ivar sent_monotonic: when it was sent, in monotonic seconds
    :ivar ended_monotonic: when it ended, in monotonic seconds
    :ivar retry_after: seconds that a 429 asked to wait, a second if it did not say; otherwise 0
    :ivar limit: the limit that the response's headers advertise, if any
    """

    sent_monotonic: float
    ended_monotonic: float
    health: ApiHealth = ApiHealth.OK
    retry_after: float = 0.0
    limit: RateLimit | None = None

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return self.ended_monotonic - self.sent_monotonic


def make_sample(
    result: object,
    *,
    sent_monotonic: float,
    ended_monotonic: float,
    limit: RateLimit | None = None,
) -> CallSample:
    """Return the sample of a call, from its result or the error that it ended with."""
    health = _health(result, ended_monotonic - sent_monotonic)
    retry_after = wait_seconds(result) if isinstance(result, RateLimited) else 0.0
    return CallSample(sent_monotonic, ended_monotonic, health, retry_after, limit)


def wait_seconds(error: RateLimited) -> float:
    """Return how many seconds to wait at first after a 429; further ones double it."""
    return FIRST_WAIT_SECONDS if error.retry_after is None else error.retry_after


def _health(result: object, seconds: float) -> ApiHealth:
    if isinstance(result, RateLimited):
        return ApiHealth.RATE_LIMITED
    if isinstance(result, OutcomeUnknown):
        is_slow = result.status is None and seconds >= SLOW_FAILURE_SECONDS
        is_timeout = result.status in TIMEOUT_STATUSES or is_slow
        return ApiHealth.OVERLOADED if is_timeout else ApiHealth.FAILED
    return ApiHealth.FAILED if isinstance(result, NotSent) else ApiHealth.OK
