"""Parse dates as people and spreadsheets write them, in several languages; no I/O."""

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from assignments.models.sql.text_folding import fold

_TIME: Final = re.compile(r"(?<=\d)(?:t|\s+)\d{1,2}:\d{2}.*$")
_ISO: Final = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})")
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_NUMBERS: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")
_SERIAL: Final = re.compile(r"([3-7]\d{4})(?:\.\d+)?")
# Day 0 of the serial numbers in which Excel stores dates.
_EPOCH: Final = date(1899, 12, 30)
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+")
_FIRST_WORD: Final = re.compile(r"([^\W\d_]+(?:-feira)?)[.,]*\s+(.+)")
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th", "er", "re", "e", "o", "a"})
_FILLERS: Final = frozenset({"of", "the", "de", "del", "den", "der", "do", "di", "le", "el", "il"})
# How many digits the two numbers beside the name of a month have: 15-Jan-27, 2027 Jan 5.
_DAY_AND_YEAR: Final = frozenset({(1, 2), (2, 2), (1, 4), (2, 4), (4, 1), (4, 2)})
_MIN_MONTH_LETTERS: Final = 3
_CENTURY: Final = 2000
_MIN_WEEKDAY_LETTERS: Final = 2
# English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, without accents.
_MONTH_NAMES: Final = (
    "january januar janner janvier enero janeiro gennaio januari styczen stycznia",
    "february februar fevrier febrero fevereiro febbraio februari luty lutego",
    "march marz mrz mars marzo marco maart mrt marzec marca",
    "april avril abril aprile kwiecien kwietnia",
    "may mai mayo maio maggio mei maj maja",
    "june juni juin junio junho giugno czerwiec czerwca",
    "july juli juillet julio julho luglio lipiec lipca",
    "august aout agosto augustus sierpien sierpnia",
    "september septembre septiembre setembro settembre wrzesien wrzesnia",
    "october oktober octobre octubre outubro ottobre pazdziernik pazdziernika",
    "november novembre noviembre novembro listopad listopada",
    "december dezember decembre diciembre dezembro dicembre grudzien grudnia",
)
# Each after a space, so that the start of a name can be looked up.
_WEEKDAY_NAMES: Final = (
    " monday tuesday wednesday thursday friday saturday sunday"
    " montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag"
    " lundi mardi mercredi jeudi vendredi samedi dimanche"
    " lunes martes miercoles jueves viernes sabado domingo"
    " segunda terca quarta quinta sexta"
    " lunedi martedi mercoledi giovedi venerdi sabato domenica"
    " maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"
    " poniedzialek wtorek sroda czwartek piatek sobota niedziela"
)


def parse_date(text: str, *, day_first: bool) -> date | None:
    """Parse 2027-01-15, 15.01.2027, Fri 15th January 2027 or 46037; None if it is no date.

    :param day_first: whether 03/04/2027 is in April; with full stops the day always comes first
    """
    for plain in _readings(text):
        if parsed := _parse_numbers(plain, day_first=day_first) or _parse_words(plain):
            return parsed
    return None


def has_two_numbers_first(text: str) -> bool:
    """Return whether a date such as 03/04/2027 begins with day and month, or month and day."""
    return any("." not in plain and _NUMBERS.fullmatch(plain) for plain in _readings(text))


def _readings(text: str) -> list[str]:
    """Return the text without a time of day, and also without a weekday if it begins with one."""
    plain = _TIME.sub("", " ".join(fold(text).split()))
    match = _FIRST_WORD.fullmatch(plain)
    return [plain, match[2]] if match and _is_weekday(match[1]) else [plain]


def _is_weekday(word: str) -> bool:
    name = word.removesuffix("-feira")
    return len(name) >= _MIN_WEEKDAY_LETTERS and f" {name}" in _WEEKDAY_NAMES


def _parse_numbers(text: str, *, day_first: bool) -> date | None:
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return _date(*map(int, match.groups()))
    if match := _NUMBERS.fullmatch(text):
        first, second, year = map(int, match.groups())
        is_day_first = day_first or "." in text
        return _date(year, second, first) if is_day_first else _date(year, first, second)
    if match := _SERIAL.fullmatch(text):
        return _EPOCH + timedelta(days=int(match[1]))
    return None


def _parse_words(text: str) -> date | None:
    """Parse a date whose month is a word: 15-Jan-27, January 15th, 2027 or 15 de enero de 2027."""
    tokens = [token for token in _TOKEN.findall(text) if token not in _FILLERS | _ORDINALS]
    months = [token for token in tokens if not token.isdecimal()]
    numbers = [token for token in tokens if token.isdecimal()]
    if len(months) != 1 or tuple(map(len, numbers)) not in _DAY_AND_YEAR:
        return None
    day_of_month, year = sorted(numbers, key=len) if _has_full_year(numbers) else numbers
    century = 0 if _has_full_year(numbers) else _CENTURY
    return _date(century + int(year), _month(months[0]), int(day_of_month))


def _has_full_year(numbers: list[str]) -> bool:
    return max(map(len, numbers)) == len("2027")


@lru_cache(maxsize=1_000)
def _month(word: str) -> int:
    """Return the number of a month by its name or the start of its name; 0 if it is none."""
    months = [
        number
        for number, names in enumerate(_MONTH_NAMES, 1)
        if any(name.startswith(word) for name in names.split())
    ]
    return months[0] if len(months) == 1 and len(word) >= _MIN_MONTH_LETTERS else 0


def _date(year: int, month: int, day_of_month: int) -> date | None:
    try:
        return date(year, month, day_of_month)
    except ValueError:
        return None
