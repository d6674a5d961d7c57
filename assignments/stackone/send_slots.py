"""Compute evenly spaced send slots, so that no minute contains more requests than the limit."""

from datetime import datetime, timedelta
from typing import Final

# Share of the limit that is used: requests take varying times to arrive, and without this slack
# the API's sliding window would overflow now and then.
USED_SHARE: Final = 0.992
CLOCK_RESOLUTION: Final = timedelta(microseconds=1)
# Between reserving a slot and using it, rows are claimed and a connection is opened.
LONGEST_LEAD: Final = timedelta(milliseconds=50)
LEAD_SLOTS: Final = 25


def allocate_slots(
    next_at: datetime, now: datetime, count: int, per_minute: float
) -> tuple[list[datetime], datetime]:
    """Return the next `count` slots from `next_at` on, and the slot after them.

    Slots that passed unused are lost: they never add up to a burst.
    """
    first, step = max(next_at, now), slot_spacing(per_minute)
    return [first + step * number for number in range(count)], first + step * count


def reservation_lead(per_minute: float) -> timedelta:
    """Return how far ahead to reserve the first slot after a pause, so that it is not missed.

    Shorter at high rates, where the slack of `USED_SHARE` covers calls that are a few slots late.
    """
    return min(LONGEST_LEAD, LEAD_SLOTS * slot_spacing(per_minute))


def slot_spacing(per_minute: float) -> timedelta:
    """Return the time between two slots."""
    return timedelta(seconds=60 / (per_minute * USED_SHARE)) + CLOCK_RESOLUTION
