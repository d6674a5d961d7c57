"""Number formats of a workbook: write numbers as the sheet shows them, such as 000101, or a date.

With a format such as `000000` or `"NW-"00000`, zeros and prefix are part of an employee ID for
everybody who sees the sheet. Numbers of other formats, as with decimals, are written plainly.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final

type NumberFormat = Callable[[str], str]

# Built-in formats of dates and times: ECMA-376 part 1, 18.8.30, with those of East Asia.
_DATE_IDS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
# Quoted text, an escaped character, a condition or colour, a space, a filling, any other.
# Excel allows 255 characters; without a limit, unclosed brackets would be searched again and again.
_TOKEN: Final = re.compile(r'"([^"]{0,255})"|\\(.)|\[[^\]]{0,255}\]|_.|\*.|(.)', re.DOTALL)
_DATE_LETTERS: Final = frozenset("dmyhs")
_MASK_LETTERS: Final = frozenset("0#-/ ()+:")
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  a cell has no zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_LONGEST_ID: Final = 15


def number_format(number: int, codes: Mapping[int, str], *, is_1904: bool) -> NumberFormat:
    """Return the function that writes a stored number as the format of this id shows it.

    :param codes: the workbook's own formats by id
    :param is_1904: whether days are counted from 1904, as on old Macs
    """
    tokens = _TOKEN.findall(codes.get(number, "").partition(";")[0])
    letters = {letter.lower() for _, _, letter in tokens if letter}
    if number in _DATE_IDS or letters & _DATE_LETTERS:
        return partial(_as_date, _EPOCH_1904 if is_1904 else _EPOCH)
    mask = [(letter, quoted + escaped) for quoted, escaped, letter in tokens]
    is_mask = "0" in letters and letters <= _MASK_LETTERS and len("".join(map("".join, mask))) > 1
    return partial(_as_mask, mask) if is_mask else plain_number


def plain_number(text: str) -> str:
    """Return a stored number without an exponent, and without decimals if it is whole."""
    if text.isdecimal():
        return text
    value = float(text)
    return str(int(value)) if value.is_integer() else repr(value)


@lru_cache(maxsize=10_000)
def _as_date(epoch: datetime, text: str) -> str:
    """Return a number of days as an ISO 8601 date, a time, or both."""
    try:
        moment = epoch + timedelta(days=float(text))
    except OverflowError:
        return plain_number(text)
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if float(text) < 1:
        return moment.time().isoformat()
    is_day = not (moment.hour or moment.minute or moment.second)
    return moment.date().isoformat() if is_day else moment.isoformat()


def _as_mask(mask: Sequence[tuple[str, str]], text: str) -> str:
    """Return the digits of a whole number at the places of a format, filled from the right."""
    digits = plain_number(text)
    if not digits.isdecimal() or len(digits) > _LONGEST_ID:
        return digits
    places = [letter for letter, _ in mask if letter in {"0", "#"}]
    rest = list(digits.zfill(places.count("0")))
    written = [_place(letter, literal, rest) for letter, literal in reversed(mask)]
    first = next(n for n, (letter, _) in enumerate(mask) if letter in {"0", "#"})
    written.reverse()
    written[first] = "".join(rest) + written[first]
    return "".join(written)


def _place(letter: str, literal: str, rest: list[str]) -> str:
    if letter in {"0", "#"}:
        return rest.pop() if rest else ""
    return letter + literal
