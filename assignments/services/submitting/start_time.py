"""The start time of a batch: parsed from local time in the organisation's zone, and checked."""

from datetime import datetime, timedelta
from typing import Final

from assignments.services.planning.local_time import LocalTimeRefused, parse_local_time

LATEST: Final = timedelta(days=366)


class StartRefused(Exception):
    """A batch cannot start at this time; the message says why and what to do."""


def parse_start(text: str) -> datetime:
    """Parse a local date and time in the organisation's zone (TIME_ZONE) into UTC.

    A time that occurs twice, when clocks are set back, means the first.

    :raises StartRefused: if it is not a date and time, or clocks skip it when set forward
    """
    try:
        return parse_local_time(text, what="start")
    except LocalTimeRefused as refusal:
        raise StartRefused(str(refusal)) from refusal


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
