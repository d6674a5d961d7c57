"""Due dates: parsing what people type, the UTC moment that is sent, and warnings."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

SATURDAY: Final = 5
SOON_WITHIN: Final = timedelta(days=3)
FAR_BEYOND: Final = timedelta(days=730)
EXAMPLES: Final = "2027-01-15, in 30 days, 2 weeks or end of next month"
DUE_DATE_PASSED: Final = "Choose a due date that is today or later."
_MONTHS_OF_A_YEAR: Final = 12
_LENGTH: Final = re.compile(r"(?:in\s+)?(\d{1,4}|an?|one|two|three|six)\s*(day|week|month|year)s?")
_PERIOD: Final = re.compile(r"(?:the\s+)?end\s+of\s+(?:the\s+)?(this|next)?\s*(week|month|year)")
_NUMBER_WORDS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "six": 6}
_RELATIVE_DAYS: Final = {"today": 0, "tomorrow": 1}
_NO_DATE: Final = {"", "none", "no date", "no due date"}


class DueDateRefused(Exception):
    """A text is not a due date; the message says why and what to do."""


class DateOrder(StrEnum):
    """How to read 03/04/2027: 3 April has the day first, 4 March the month."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"

    @property
    def first(self) -> str:
        """What comes first, in words."""
        return self.removesuffix("-first")


def usual_order() -> DateOrder:
    """Return how the organisation writes dates (setting DATE_ORDER)."""
    return DateOrder(settings.DATE_ORDER)


def today(now: datetime) -> date:
    """Return the current date in the organisation's time zone (setting TIME_ZONE)."""
    return now.astimezone(_time_zone()).date()


def parse_due_date(text: str, *, today: date) -> date | None:
    """Parse a date as typed, absolute or relative to today; None if it says "no date".

    :raises DueDateRefused: if the text is not a date
    """
    words = " ".join(text.casefold().split()).rstrip(".")
    if words in _NO_DATE:
        return None
    try:
        due_date = _parse_absolute(words) or _parse_relative(words, today)
    except (ValueError, OverflowError):
        due_date = None
    if due_date is None:
        raise DueDateRefused(f"Enter the due date as a day, such as {EXAMPLES}.")
    return due_date


def end_of_day(due_date: date | None) -> datetime | None:
    """Return the last second of a due date, if there is one; see `last_second`."""
    return None if due_date is None else last_second(due_date)


def last_second(due_date: date) -> datetime:
    """Return the last second of the day in the organisation's time zone, as UTC.

    Where clocks are set back at midnight, that second occurs twice; the later is returned.
    """
    return datetime.combine(due_date, time(23, 59, 59, fold=1), _time_zone()).astimezone(UTC)


def cautions(due_date: date, *, today: date) -> list[str]:
    """Return a warning for everything that makes a due date a probable mistake."""
    warnings = []
    if due_date < today:
        warnings.append(f"The due date {due_date:%Y-%m-%d} has passed.")
    elif due_date - today <= SOON_WITHIN:
        warnings.append(f"The due date is {_describe_distance(due_date - today)}.")
    elif due_date - today > FAR_BEYOND:
        warnings.append("The due date is more than two years away.")
    if due_date.weekday() >= SATURDAY:
        warnings.append(f"The due date is a {due_date:%A}.")
    return warnings


def _describe_distance(distance: timedelta) -> str:
    names = {0: "today", 1: "tomorrow"}
    return names.get(distance.days, f"only {distance.days} days away")


def _parse_absolute(words: str) -> date | None:
    formats = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%d.%m.%Y")
    for date_format in formats:
        try:
            return datetime.strptime(words, date_format).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _parse_relative(words: str, today: date) -> date | None:
    if words in _RELATIVE_DAYS:
        return today + timedelta(days=_RELATIVE_DAYS[words])
    if length := _LENGTH.fullmatch(words):
        number, unit = length.groups()
        return _add_duration(today, int(_NUMBER_WORDS.get(number, number)), unit)
    if period := _PERIOD.fullmatch(words):
        which, unit = period.groups()
        return _end_of_period(today, 1 if which == "next" else 0, unit)
    return None


def _add_duration(today: date, number: int, unit: str) -> date:
    if unit in {"day", "week"}:
        return today + timedelta(days=number * (7 if unit == "week" else 1))
    year, month = _month(today, number * (_MONTHS_OF_A_YEAR if unit == "year" else 1))
    # A month from 31 January is the last day of February.
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def _end_of_period(today: date, periods_later: int, unit: str) -> date:
    ends: dict[str, Callable[[], date]] = {
        "week": lambda: today + timedelta(days=6 - today.weekday() + 7 * periods_later),
        "month": lambda: _last_day(*_month(today, periods_later)),
        "year": lambda: date(today.year + periods_later, 12, 31),
    }
    return ends[unit]()


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _month(today: date, months_later: int) -> tuple[int, int]:
    years, month = divmod(today.month - 1 + months_later, _MONTHS_OF_A_YEAR)
    return today.year + years, month + 1


def _time_zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
