"""Numbers, durations and dates in words."""

import json
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


def duration(seconds: float) -> str:
    """Return a duration in words, rounded to seconds, minutes, hours or days."""
    if seconds < 2 * MINUTE:
        return _seconds(round(seconds))
    if seconds < 2 * HOUR:
        return f"about {round(seconds / MINUTE)} min"
    if seconds < 2 * DAY:
        return f"about {round(seconds / HOUR)} h"
    return f"about {round(seconds / DAY)} days"


def day(value: date) -> str:
    """Return a day with its weekday."""
    return f"{value:%A} {value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """Return a day without its weekday."""
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """Return a time in the organisation's time zone, with the zone's name.

    In the hour that is repeated when summer time ends, the abbreviation says which one is meant.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    local = value.astimezone(zone)
    is_ambiguous = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    abbreviation = f"{local:, %Z}" if is_ambiguous else ""
    return f"{day(local)}, {local:%H:%M} ({settings.TIME_ZONE}{abbreviation})"


def local_input(value: datetime) -> str:
    """Return a time as an input of type `datetime-local` has it, in the organisation's zone."""
    return f"{value.astimezone(ZoneInfo(settings.TIME_ZONE)):%Y-%m-%dT%H:%M}"


def indented_json(text: str) -> str:
    """Return JSON on several lines; what is not JSON (erased text, for one) as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text


def due(value: date | None, at: time | None = None) -> str:
    """Return a due date in words, with its time of day and the city of the time zone."""
    if value is None:
        return "No due date"
    return f"{day(value)}, {f'{at:%H:%M}' if at else 'end of day'} in {city()}"


def city() -> str:
    """Return the city of the organisation's time zone."""
    return str(settings.TIME_ZONE).rsplit("/", 1)[-1].replace("_", " ")


def people(count: int) -> str:
    """Return a number of people."""
    return "1 person" if count == 1 else f"{count:,} people"


def _seconds(whole: int) -> str:
    if whole < 1:
        return "less than a second"
    if whole < MINUTE:
        return "about 1 second" if whole == 1 else f"about {whole} seconds"
    minutes, seconds = divmod(whole, MINUTE)
    return f"about {minutes} min {seconds} s" if seconds else f"about {minutes} min"
