"""Parse a time that people type in the organisation's time zone (setting TIME_ZONE)."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from assignments.queries.formatting import short_day

EXAMPLE: Final = "2026-12-01 08:00"
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100


class LocalTimeRefused(Exception):
    """A text is no time; the message says why and what to do."""


def parse_local_time(text: str, *, what: str) -> datetime:
    """Parse a local date and time into UTC.

    A time that occurs twice, when clocks are set back, means the first.

    :param what: what the time is of, for the message
    :raises LocalTimeRefused: if it is not a date and time, or clocks skip it when set forward
    """
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        local = None
    if local is None or local.tzinfo is not None or len(text.strip()) < len(EXAMPLE):
        raise LocalTimeRefused(f"Write the {what} as a date and time, such as {EXAMPLE}.")
    if not FIRST_YEAR <= local.year < LAST_YEAR:
        years = f"from {FIRST_YEAR} to {LAST_YEAR - 1}"
        raise LocalTimeRefused(f"Choose a year {years} for the {what}.")
    if sentence := why_skipped(local):
        raise LocalTimeRefused(sentence)
    return local.replace(tzinfo=_zone()).astimezone(UTC)


def why_skipped(local: datetime) -> str:
    """Return a sentence about a local time that clocks skip when set forward; else ""."""
    after = local.replace(tzinfo=_zone()).astimezone(UTC).astimezone(_zone())
    if after.replace(tzinfo=None) == local:
        return ""
    return (
        f"The clocks go forward on {short_day(local)}, so {local:%H:%M} does not exist. "
        f"Choose {after:%H:%M}, for example."
    )


def is_repeated(local: datetime) -> bool:
    """Return whether a local time occurs twice, because clocks are set back."""
    first, second = (local.replace(tzinfo=_zone(), fold=fold).astimezone(UTC) for fold in (0, 1))
    return first < second and not why_skipped(local)


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
