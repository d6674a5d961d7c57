"""When a batch is to start: what a clock on the organisation's wall shows, as one moment."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

LATEST: Final = timedelta(days=366)
EXAMPLE: Final = "2026-12-01 08:00"


class StartRefused(Exception):
    """A batch cannot start then; the message says why and what to do."""


def moment(text: str) -> datetime:
    """Return the moment at which a wall clock in the organisation's zone shows this.

    An hour that a change of the clocks repeats means its first time.

    :raises StartRefused: if it is not a date and time, or the clocks skip it
    """
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or len(text.strip()) < len(EXAMPLE):
        raise StartRefused(f"Write the start as a date and time, such as {EXAMPLE}.")
    zone = ZoneInfo(settings.TIME_ZONE)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != wall:
        after = found.astimezone(zone)
        raise StartRefused(
            f"The clocks go forward that night, so {wall:%H:%M} does not exist. "
            f"Choose {after:%H:%M}, for one."
        )
    return found


def check(starts_at: datetime, *, due_at: datetime | None, now: datetime) -> None:
    """Refuse a start that has passed, is too far away, or comes after the due date.

    :raises StartRefused: with what to do
    """
    if starts_at <= now:
        raise StartRefused("This start has passed. Choose a later one, or none to start soon.")
    if starts_at - now > LATEST:
        raise StartRefused("Choose a start within a year from now.")
    if due_at is not None and starts_at > due_at:
        raise StartRefused("It would start after the due date. Choose an earlier start.")
