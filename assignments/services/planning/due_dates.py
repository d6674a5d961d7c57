"""Due dates: a day of the organisation's calendar, as people type it and as it is sent."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

SATURDAY: Final = 5
SOON: Final = timedelta(days=3)
FAR: Final = timedelta(days=730)
EXAMPLES: Final = "2027-01-15, in 30 days, 2 weeks or end of next month"
PASSED: Final = "Choose a due date that is today or later."
_MONTHS_OF_A_YEAR: Final = 12
_COUNTED: Final = re.compile(r"(?:in\s+)?(\d{1,4}|an?|one|two|three|six)\s*(day|week|month|year)s?")
_END: Final = re.compile(r"(?:the\s+)?end\s+of\s+(?:the\s+)?(this|next)?\s*(week|month|year)")
_WORDS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "six": 6}
_NAMED: Final = {"today": 0, "tomorrow": 1}
_NO_DATE: Final = {"", "none", "no date", "no due date"}


class DueDateRefused(Exception):
    """It is no due date; the message says why and what to do."""


def today(now: datetime) -> date:
    """Return the day it is in the organisation's zone."""
    return now.astimezone(_zone()).date()


def day(text: str, *, today: date) -> date | None:
    """Return the day that was typed, absolute or counted from today, or None for no date.

    :raises DueDateRefused: if it cannot be understood
    """
    words = " ".join(text.casefold().split()).rstrip(".")
    if words in _NO_DATE:
        return None
    try:
        found = _absolute(words) or _relative(words, today)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise DueDateRefused(f"Enter the due date as a day, such as {EXAMPLES}.")
    return found


def end_of_day(due_date: date | None) -> datetime | None:
    """Return the last second of the day in the organisation's zone, in UTC, or None."""
    return None if due_date is None else last_second(due_date)


def last_second(due_date: date) -> datetime:
    """Return the last second of the day in the organisation's zone, in UTC.

    Where the clocks go back at midnight that second comes twice, and the day ends with the later.
    """
    return datetime.combine(due_date, time(23, 59, 59, fold=1), _zone()).astimezone(UTC)


def cautions(due_date: date, *, today: date) -> list[str]:
    """Return what is probably a mistake about the day, a sentence each."""
    found = []
    if due_date < today:
        found.append(f"The due date {due_date:%Y-%m-%d} has passed.")
    elif due_date - today <= SOON:
        found.append(f"The due date is {_ahead(due_date - today)}.")
    elif due_date - today > FAR:
        found.append("The due date is more than two years away.")
    if due_date.weekday() >= SATURDAY:
        found.append(f"The due date is a {due_date:%A}.")
    return found


def _ahead(left: timedelta) -> str:
    named = {0: "today", 1: "tomorrow"}
    return named.get(left.days, f"only {left.days} days away")


def _absolute(words: str) -> date | None:
    forms = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%d.%m.%Y")
    for form in forms:
        try:
            return datetime.strptime(words, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _relative(words: str, today: date) -> date | None:
    if words in _NAMED:
        return today + timedelta(days=_NAMED[words])
    if counted := _COUNTED.fullmatch(words):
        number, unit = counted.groups()
        return _counted(today, int(_WORDS.get(number, number)), unit)
    if ended := _END.fullmatch(words):
        which, unit = ended.groups()
        return _end(today, 1 if which == "next" else 0, unit)
    return None


def _counted(today: date, number: int, unit: str) -> date:
    if unit in {"day", "week"}:
        return today + timedelta(days=number * (7 if unit == "week" else 1))
    year, month = _month(today, number * (_MONTHS_OF_A_YEAR if unit == "year" else 1))
    # A month from 31 January is the last day of February.
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def _end(today: date, later: int, unit: str) -> date:
    ends: dict[str, Callable[[], date]] = {
        "week": lambda: today + timedelta(days=6 - today.weekday() + 7 * later),
        "month": lambda: _last_day(*_month(today, later)),
        "year": lambda: date(today.year + later, 12, 31),
    }
    return ends[unit]()


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _month(today: date, later: int) -> tuple[int, int]:
    years, month = divmod(today.month - 1 + later, _MONTHS_OF_A_YEAR)
    return today.year + years, month + 1


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
