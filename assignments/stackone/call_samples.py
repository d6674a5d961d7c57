"""What an ended call tells about the API: not what became of the row, but how the API is doing."""

from enum import Enum
from typing import Final, NamedTuple

from assignments.stackone.errors import NotSent, OutcomeUnknown, RateLimited
from assignments.stackone.rate_limit_headers import Limit

TIMED_OUT: Final = frozenset({408, 504})
# A call that broke after so long was not cut off: the API did not get round to it.
LONG_SECONDS: Final = 30.0


class Sign(Enum):
    """How the API took a call."""

    DONE = "It dealt with the call, whatever its answer."
    REFUSED = "It asked for fewer calls: 429."
    OVERLOADED = "It did not get round to it in time, so it asks for fewer at once."
    FAILED = "It could not be reached, broke off, or answered without sense."


class Echo(NamedTuple):
    """One ended call; times are seconds of a clock that only goes forward."""

    left_at: float
    ended_at: float
    sign: Sign = Sign.DONE
    retry_after: float = 0.0
    limit: Limit | None = None

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return self.ended_at - self.left_at


def echo_of(reply: object, *, left_at: float, ended_at: float, limit: Limit | None = None) -> Echo:
    """Return what a call's reply, or the error it ended with, tells about the API."""
    sign, retry_after = _sign(reply, ended_at - left_at), 0.0
    if isinstance(reply, RateLimited):
        retry_after = reply.retry_after
    return Echo(left_at, ended_at, sign, retry_after, limit)


def _sign(reply: object, seconds: float) -> Sign:
    if isinstance(reply, RateLimited):
        return Sign.REFUSED
    if isinstance(reply, OutcomeUnknown):
        is_late = reply.status in TIMED_OUT or (reply.status is None and seconds >= LONG_SECONDS)
        return Sign.OVERLOADED if is_late else Sign.FAILED
    return Sign.FAILED if isinstance(reply, NotSent) else Sign.DONE
