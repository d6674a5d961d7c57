"""Parse days relative to today: “in 30 days”, “next friday”, “end of quarter”; no I/O."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

_PREFIX: Final = r"(?:(?:by|on|until) )?(?:the )?"
_LENGTH: Final = re.compile(
    r"(?:in |within )?(\d{1,4}|[a-z]+) ?(day|week|fortnight|month|quarter|year)s?"
)
_PERIOD: Final = re.compile(_PREFIX + r"end of (?:the )?(?:(this|next) )?(week|month|quarter|year)")
_WEEKDAY: Final = re.compile(_PREFIX + r"(?:(this|coming|next) )?([a-z]+)")
_NUMBER_WORDS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIN_WEEKDAY_LETTERS: Final = 3
_RELATIVE_DAYS: Final = {"today": 0, "tomorrow": 1}
_DAYS: Final = {"day": 1, "week": 7, "fortnight": 14}
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


def parse_relative(words: str, today: date) -> date | None:
    """Return the day that the words mean, or None.

    “Friday” is the first one after today, and “next Friday” that of next week, which begins on
    Monday.

    :param words: in lower case, with one space between them
    """
    if words in _RELATIVE_DAYS:
        return today + timedelta(days=_RELATIVE_DAYS[words])
    try:
        return (
            _parse_length(words, today)
            or _parse_period(words, today)
            or _parse_weekday(words, today)
        )
    except (ValueError, OverflowError):
        return None  # Beyond the calendar.


def _parse_length(words: str, today: date) -> date | None:
    match = _LENGTH.fullmatch(words)
    if not match or not (match[1].isdecimal() or match[1] in _NUMBER_WORDS):
        return None
    number, unit = int(_NUMBER_WORDS.get(match[1], match[1])), match[2]
    if unit in _DAYS:
        return today + timedelta(days=number * _DAYS[unit])
    year, month = _month(today, number * _MONTHS[unit])
    # A month from 31 January is the last day of February.
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def _parse_period(words: str, today: date) -> date | None:
    match = _PERIOD.fullmatch(words)
    if not match:
        return None
    later = 1 if match[1] == "next" else 0
    ends: dict[str, Callable[[], date]] = {
        "week": lambda: today + timedelta(days=6 - today.weekday() + 7 * later),
        "month": lambda: _last_day(*_month(today, later)),
        "quarter": lambda: _last_day(*_month(today, -today.month % 3 + 3 * later)),
        "year": lambda: date(today.year + later, 12, 31),
    }
    return ends[match[2]]()


def _parse_weekday(words: str, today: date) -> date | None:
    match = _WEEKDAY.fullmatch(words)
    if not match or len(match[2]) < _MIN_WEEKDAY_LETTERS:
        return None
    weekday = next((n for n, name in enumerate(_WEEKDAYS) if name.startswith(match[2])), None)
    if weekday is None:
        return None
    if match[1] == "next":
        return today + timedelta(days=7 - today.weekday() + weekday)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _month(today: date, months_later: int) -> tuple[int, int]:
    years, month = divmod(today.month - 1 + months_later, 12)
    return today.year + years, month + 1
