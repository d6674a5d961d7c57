"""When requests may leave: evenly spaced moments, so that no minute ever holds too many."""

from datetime import datetime, timedelta
from typing import Final

# Requests do not all take equally long to arrive: without slack the limit's window would overflow.
SAFE_SHARE: Final = 0.992
SMALLEST: Final = timedelta(microseconds=1)
# What is reserved for at once leaves late: rows are claimed and a connection is opened meanwhile.
LONGEST_LEAD: Final = timedelta(milliseconds=50)
LEAD_SPACINGS: Final = 25


def slots(
    next_at: datetime, now: datetime, count: int, per_minute: float
) -> tuple[list[datetime], datetime]:
    """Return the moments at which the next `count` requests may leave, and the one after them.

    Time that passed unused is lost: it never adds up to a burst.
    """
    first, step = max(next_at, now), spacing(per_minute)
    return [first + step * number for number in range(count)], first + step * count


def lead(per_minute: float) -> timedelta:
    """Return how far ahead to reserve the first request after a rest, so that it is not late.

    At high rates less: what is a few calls late is within a window's slack there.
    """
    return min(LONGEST_LEAD, LEAD_SPACINGS * spacing(per_minute))


def spacing(per_minute: float) -> timedelta:
    """Return the time between two requests that keeps a sliding window a little below its limit."""
    return timedelta(seconds=60 / (per_minute * SAFE_SHARE)) + SMALLEST
