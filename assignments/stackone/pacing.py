"""When requests may leave: evenly spaced moments, so that no minute ever holds too many."""

from collections.abc import Callable
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)
SMALLEST = timedelta(microseconds=1)


def slots(
    next_at: datetime, now: datetime, count: int, per_minute: int
) -> tuple[list[datetime], datetime]:
    """Return the moments at which the next `count` requests may leave, and the one after them.

    Time that passed unused is lost: it never adds up to a burst.
    """
    first, step = max(next_at, now), spacing(per_minute)
    return [first + step * number for number in range(count)], first + step * count


def spacing(per_minute: int) -> timedelta:
    """Return the time between two requests, rounded up so that a minute never holds one more."""
    return -(-MINUTE // (per_minute * SMALLEST)) * SMALLEST


def wait_until(
    slot: datetime, clock: Callable[[], datetime], sleep: Callable[[float], None]
) -> None:
    """Sleep until the moment has come; sleeping that ends early is taken up again."""
    while (left := slot - clock()) > timedelta():
        sleep(left.total_seconds())
