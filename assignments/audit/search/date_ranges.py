"""Parse dates and numbers of a query: `2026-10`, `2026-10-01..2026-10-31`, `100..200`."""

import re
from calendar import DECEMBER, JANUARY, monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

MAX_DIGITS: Final = 15
_YEARS: Final = range(1990, 2200)
_DAY: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?|-?[qQ](?P<quarter>[1-4]))?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"#?(\d[\d,]*)", re.ASCII)
_SIDE: Final = re.compile(r"([<>]=?)(.*)", re.DOTALL)
_ONE_DAY: Final = timedelta(days=1)
DATE_HELP: Final = "Write a day as 2026-10-31, a month as 2026-10, or a word such as last-month."
NUMBER_HELP: Final = "Write an entry's number, such as 20377, or two of them: 100..200."


class InvalidValue(ValueError):
    """A value cannot be parsed; `start` and `end` are the faulty characters in it."""

    def __init__(self, sentence: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.start, self.end = start, end


@dataclass(frozen=True, slots=True)
class Span[Point: (date, int)]:
    """An inclusive range of dates or numbers; None is an open end."""

    first: Point | None
    last: Point | None


def parse_dates(value: str, today: date) -> Span[date]:
    """Parse a date, month, quarter, year, named period or range of them.

    :raises InvalidValue: if it is none of these
    """

    def parse_period(text: str) -> tuple[date, date]:
        return named_periods(today).get(text.lower()) or _parse_date(text)

    return _parse_span(value, parse_period, lambda day, by: day + by * _ONE_DAY)


def parse_numbers(value: str) -> Span[int]:
    """Parse an entry number or a range of them.

    :raises InvalidValue: if it is neither
    """
    return _parse_span(value, _parse_number, lambda number, by: number + by)


def _parse_span[Point: (date, int)](
    value: str,
    parse_end: Callable[[str], tuple[Point, Point]],
    shift: Callable[[Point, int], Point],
) -> Span[Point]:
    """Parse `A`, `A..B`, `A..`, `..B` or a comparison such as `>=A`.

    :param parse_end: returns the first and last point that a text such as a month stands for
    """

    def parse(text: str, start: int) -> tuple[Point, Point]:
        try:
            return parse_end(text)
        except ValueError as error:
            raise InvalidValue(str(error), start, start + len(text)) from error

    if side := _SIDE.fullmatch(value):
        sign, begin = side[1], side.start(2)
        first, last = parse(side[2], begin)
        bounds = {">=": (first, None), ">": (shift(last, 1), None)}
        return Span(*{**bounds, "<=": (None, last), "<": (None, shift(first, -1))}[sign])
    before, dots, after = value.partition("..")
    if not dots:
        return Span(*parse(value, 0))
    begin = len(before) + len(dots)
    since = parse(before, 0)[0] if before or not after else None
    until = parse(after, begin)[1] if after else None
    if since is not None and until is not None and since > until:
        raise InvalidValue("The range ends before it begins.", 0, len(value))
    return Span(since, until)


def _parse_number(text: str) -> tuple[int, int]:
    match = _NUMBER.fullmatch(text)
    digits = match[1].replace(",", "") if match else ""
    if not digits or len(digits) > MAX_DIGITS:
        raise ValueError(NUMBER_HELP)
    return int(digits), int(digits)


def _parse_date(text: str) -> tuple[date, date]:
    match = _DAY.fullmatch(text)
    if match is None or int(match["year"]) not in _YEARS:
        raise ValueError(DATE_HELP)
    year = int(match["year"])
    if match["quarter"]:
        return _month_range(year, 3 * int(match["quarter"]) - 2, 3)
    if not match["month"]:
        return _month_range(year, 1, DECEMBER)
    return _parse_month(year, int(match["month"]), match["day"])


def _parse_month(year: int, month: int, day: str | None) -> tuple[date, date]:
    if not JANUARY <= month <= DECEMBER:
        raise ValueError(f"There is no month {month}. {DATE_HELP}")
    first, last = _month_range(year, month, 1)
    if not day:
        return first, last
    if not 1 <= int(day) <= last.day:
        raise ValueError(f"{first:%B %Y} has {last.day} days.")
    return first.replace(day=int(day)), first.replace(day=int(day))


def _month_range(year: int, month: int, count: int) -> tuple[date, date]:
    """Return the first and the last day of `count` months, within one year."""
    last = month + count - 1
    return date(year, month, 1), date(year, last, monthrange(year, last)[1])


def named_periods(today: date) -> dict[str, tuple[date, date]]:
    """Return the named periods with their first and last day."""
    monday = today - today.weekday() * _ONE_DAY
    before = today.replace(day=1) - _ONE_DAY
    quarter = (today.month + 2) // 3
    last_quarter = (today.year, quarter - 1) if quarter > 1 else (today.year - 1, 4)
    return {
        "today": (today, today),
        "yesterday": (today - _ONE_DAY, today - _ONE_DAY),
        "last-7-days": (today - 6 * _ONE_DAY, today),
        "last-30-days": (today - 29 * _ONE_DAY, today),
        "this-week": (monday, monday + 6 * _ONE_DAY),
        "last-week": (monday - 7 * _ONE_DAY, monday - _ONE_DAY),
        "next-week": (monday + 7 * _ONE_DAY, monday + 13 * _ONE_DAY),
        "this-month": _month_range(today.year, today.month, 1),
        "last-month": _month_range(before.year, before.month, 1),
        "this-quarter": _month_range(today.year, 3 * quarter - 2, 3),
        "last-quarter": _month_range(last_quarter[0], 3 * last_quarter[1] - 2, 3),
        "this-year": _month_range(today.year, 1, 12),
        "last-year": _month_range(today.year - 1, 1, 12),
    }
