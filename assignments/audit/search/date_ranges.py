"""Days and numbers as a query writes them: `2026-10`, `2026-10-01..2026-10-31`, `last-month`."""

import re
from calendar import DECEMBER, JANUARY, monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

MOST_DIGITS: Final = 15
_YEARS: Final = range(1990, 2200)
_DAY: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?|-?[qQ](?P<quarter>[1-4]))?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"#?(\d[\d,]*)", re.ASCII)
_SIDE: Final = re.compile(r"([<>]=?)(.*)", re.DOTALL)
_A_DAY: Final = timedelta(days=1)
HOW_DAYS: Final = "Write a day as 2026-10-31, a month as 2026-10, or a word such as last-month."
HOW_NUMBERS: Final = "Write an entry's number, such as 20377, or two of them: 100..200."


class NotRead(ValueError):
    """A value that means nothing; `start` and `end` are where in the value."""

    def __init__(self, sentence: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.start, self.end = start, end


@dataclass(frozen=True, slots=True)
class Span[Point: (date, int)]:
    """From a day or number to another, both included; None is open."""

    first: Point | None
    last: Point | None


def days(value: str, today: date) -> Span[date]:
    """Return the days that the value stands for.

    :raises NotRead: if it stands for none
    """

    def point(text: str) -> tuple[date, date]:
        return _named(text, today) or _written(text)

    return _span(value, point, lambda day, by: day + by * _A_DAY)


def numbers(value: str) -> Span[int]:
    """Return the numbers that the value stands for.

    :raises NotRead: if it stands for none
    """
    return _span(value, _number, lambda number, by: number + by)


def _span[Point: (date, int)](
    value: str,
    point: Callable[[str], tuple[Point, Point]],
    moved: Callable[[Point, int], Point],
) -> Span[Point]:
    def read(text: str, start: int) -> tuple[Point, Point]:
        try:
            return point(text)
        except ValueError as error:
            raise NotRead(str(error), start, start + len(text)) from error

    if side := _SIDE.fullmatch(value):
        sign, begin = side[1], side.start(2)
        first, last = read(side[2], begin)
        bounds = {">=": (first, None), ">": (moved(last, 1), None)}
        return Span(*{**bounds, "<=": (None, last), "<": (None, moved(first, -1))}[sign])
    before, dots, after = value.partition("..")
    if not dots:
        return Span(*read(value, 0))
    begin = len(before) + len(dots)
    since = read(before, 0)[0] if before or not after else None
    until = read(after, begin)[1] if after else None
    if since is not None and until is not None and since > until:
        raise NotRead("This ends before it begins.", 0, len(value))
    return Span(since, until)


def _number(text: str) -> tuple[int, int]:
    found = _NUMBER.fullmatch(text)
    digits = found[1].replace(",", "") if found else ""
    if not digits or len(digits) > MOST_DIGITS:
        raise ValueError(HOW_NUMBERS)
    return int(digits), int(digits)


def _written(text: str) -> tuple[date, date]:
    found = _DAY.fullmatch(text)
    if found is None or int(found["year"]) not in _YEARS:
        raise ValueError(HOW_DAYS)
    year = int(found["year"])
    if found["quarter"]:
        return _months(year, 3 * int(found["quarter"]) - 2, 3)
    if not found["month"]:
        return _months(year, 1, DECEMBER)
    return _in_month(year, int(found["month"]), found["day"])


def _in_month(year: int, month: int, day: str | None) -> tuple[date, date]:
    if not JANUARY <= month <= DECEMBER:
        raise ValueError(f"There is no month {month}. {HOW_DAYS}")
    first, last = _months(year, month, 1)
    if not day:
        return first, last
    if not 1 <= int(day) <= last.day:
        raise ValueError(f"{first:%B %Y} has {last.day} days.")
    return first.replace(day=int(day)), first.replace(day=int(day))


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    """Return the first and the last day of so many months."""
    last = month + count - 1
    return date(year, month, 1), date(year, last, monthrange(year, last)[1])


def _named(text: str, today: date) -> tuple[date, date] | None:
    words = named_periods(today)
    return words.get(text.lower())


def named_periods(today: date) -> dict[str, tuple[date, date]]:
    """Return the words for days, with their first and last day."""
    monday = today - today.weekday() * _A_DAY
    before = today.replace(day=1) - _A_DAY
    quarter = (today.month + 2) // 3
    last_quarter = (today.year, quarter - 1) if quarter > 1 else (today.year - 1, 4)
    return {
        "today": (today, today),
        "yesterday": (today - _A_DAY, today - _A_DAY),
        "last-7-days": (today - 6 * _A_DAY, today),
        "last-30-days": (today - 29 * _A_DAY, today),
        "this-week": (monday, monday + 6 * _A_DAY),
        "last-week": (monday - 7 * _A_DAY, monday - _A_DAY),
        "next-week": (monday + 7 * _A_DAY, monday + 13 * _A_DAY),
        "this-month": _months(today.year, today.month, 1),
        "last-month": _months(before.year, before.month, 1),
        "this-quarter": _months(today.year, 3 * quarter - 2, 3),
        "last-quarter": _months(last_quarter[0], 3 * last_quarter[1] - 2, 3),
        "this-year": _months(today.year, 1, 12),
        "last-year": _months(today.year - 1, 1, 12),
    }
