"""Due dates: parsing what people type, and the UTC moment that is sent."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from assignments.models.sql.text_folding import fold
from assignments.queries.formatting import short_day
from assignments.services.planning.local_time import is_repeated, why_skipped
from assignments.services.planning.relative_dates import parse_relative
from assignments.services.planning.written_dates import parse_date

LAST_SECOND: Final = time(23, 59, 59)
EXAMPLES: Final = "2027-01-15, in 30 days, next Friday or end of next month"
DUE_DATE_PASSED: Final = "Choose a due date that is today or later."
# A year from here on is a placeholder such as 9999, or a typing error.
TOO_FAR: Final = 2100
_NO_DATE: Final = {"", "none", "no date", "no due date"}


class DueDateRefused(Exception):
    """A text is not a due date; the message says why and what to do."""


class DueDateTooFar(DueDateRefused):
    """A due date is in a year from TOO_FAR on."""


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


def parse_due_date(text: str, *, today: date, order: DateOrder | None = None) -> date | None:
    """Parse a date as typed, absolute or relative to today; None if it says "no date".

    :param order: how to read 03/04/2027; None for `usual_order`
    :raises DueDateTooFar: if it is in a year from TOO_FAR on
    :raises DueDateRefused: if the text is not a date
    """
    words = " ".join(fold(text).split()).rstrip(".")
    if words in _NO_DATE:
        return None
    is_day_first = (order or usual_order()) is DateOrder.DAY_FIRST
    due_date = parse_date(words, day_first=is_day_first) or parse_relative(words, today)
    if due_date is None:
        raise DueDateRefused(f"Enter the due date as a day, such as {EXAMPLES}.")
    if due_date.year >= TOO_FAR:
        raise DueDateTooFar(
            f"{short_day(due_date)} is too far away. Choose a year before {TOO_FAR}."
        )
    return due_date


def due_moment(due_date: date, due_time: time | None) -> datetime:
    """Return a time of the day in the organisation's time zone, as UTC; None is its last second.

    Where clocks are set back, a time may occur twice; the later is returned. `skipped_times` tells
    which do not occur where they are set forward.
    """
    due_time = (due_time or LAST_SECOND).replace(fold=1)
    return datetime.combine(due_date, due_time, _time_zone()).astimezone(UTC)


def skipped_times(dates: Iterable[date | None], due_time: time | None) -> list[str]:
    """Return a sentence for every date on which the clocks skip the time, when set forward."""
    moments = [datetime.combine(day, due_time) for day in dates if day and due_time]
    return list(filter(None, map(why_skipped, sorted(moments))))


def repeated_times(dates: Iterable[date | None], due_time: time | None) -> list[str]:
    """Return a sentence for every date on which the time occurs twice: which of them is meant."""
    moments = [datetime.combine(day, due_time) for day in dates if day and due_time]
    return [
        f"The clocks go back on {short_day(moment)}, so {moment:%H:%M} occurs twice: the later "
        "one is meant."
        for moment in sorted(filter(is_repeated, moments))
    ]


def _time_zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
