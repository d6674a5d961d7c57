"""The start time of a batch: parsed from local time in the organisation's zone, and checked."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

LATEST: Final = timedelta(days=366)
EXAMPLE: Final = "2026-12-01 08:00"


class StartRefused(Exception):
    """A batch cannot start at this time; the message says why and what to do."""


def parse_start(text: str) -> datetime:
    """Parse a local date and time in the organisation's zone (TIME_ZONE) into UTC.

    A time that occurs twice, when clocks are set back, means the first.

    :raises StartRefused: if it is not a date and time, or clocks skip it when set forward
    """
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        local = None
    if local is None or local.tzinfo is not None or len(text.strip()) < len(EXAMPLE):
        raise StartRefused(f"Write the start as a date and time, such as {EXAMPLE}.")
    zone = ZoneInfo(settings.TIME_ZONE)
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        after = moment.astimezone(zone)
        raise StartRefused(
            f"The clocks go forward that night, so {local:%H:%M} does not exist. "
            f"Choose {after:%H:%M}, for example."
        )
    return moment


def check_start(starts_at: datetime, *, due_at: datetime | None, now: datetime) -> None:
    """Check a start time.

    :raises StartRefused: if it has passed, is more than a year away, or is after the due date
    """
    if starts_at <= now:
        raise StartRefused("This start has passed. Choose a later one, or none to start soon.")
    if starts_at - now > LATEST:
        raise StartRefused("Choose a start within a year from now.")
    if due_at is not None and starts_at > due_at:
        raise StartRefused("It would start after the due date. Choose an earlier start.")
