"""Parse dates as people and spreadsheets write them; no I/O."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

_ISO: Final = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})(?:[T ].*)?")
_SERIAL: Final = re.compile(r"([3-7][0-9]{4})(?:\.[0-9]+)?")
_WORDS: Final = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y")
# Day 0 of the serial numbers in which Excel stores dates.
_EPOCH: Final = date(1899, 12, 30)
_MONTHS: Final = 12


def parse_date(text: str, *, day_first: bool) -> date | None:
    """Parse 2027-01-15, 15.01.2027, 15 Jan 2027 or 46037; return None if it is no date.

    :param day_first: whether 03/04/2027 is in April; with full stops the day always comes first
    """
    if match := _ISO.fullmatch(text):
        return _date(*match.groups())
    if match := _NUMBERS.fullmatch(text):
        first, second, year = match.groups()
        is_day_first = day_first or "." in text
        return _date(year, second, first) if is_day_first else _date(year, first, second)
    if match := _SERIAL.fullmatch(text):
        return _EPOCH + timedelta(days=int(match[1]))
    return _parse_words(text.replace(",", " "))


def is_day_first(texts: Iterable[str]) -> bool:
    """Return whether the day comes first in dates such as 03/04/2027, judged by all of them."""
    pairs = [match.groups() for text in texts if (match := _NUMBERS.fullmatch(text))]
    return not any(int(second) > _MONTHS for _, second, _ in pairs)


def _date(year: str, month: str, day_of_month: str) -> date | None:
    try:
        return date(int(year), int(month), int(day_of_month))
    except ValueError:
        return None


def _parse_words(text: str) -> date | None:
    plain = " ".join(text.split())
    for form in _WORDS:
        try:
            return datetime.strptime(plain, form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None
