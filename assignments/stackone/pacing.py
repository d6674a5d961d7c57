"""When requests may leave: evenly spaced slots of a shared budget; no clock, no I/O."""

from datetime import datetime, timedelta


def slots(
    next_at: datetime, now: datetime, count: int, per_minute: int
) -> tuple[list[datetime], datetime]:
    """Return the next `count` slots and the moment after which the following one is free.

    Slots that were not taken in time are lost, so that no burst follows a quiet moment: any
    window of 60 seconds holds at most `per_minute` slots (virtual scheduling, ITU-T I.371).
    """
    spacing = timedelta(minutes=1) / per_minute
    first = max(next_at, now)
    return [first + spacing * n for n in range(count)], first + spacing * count
