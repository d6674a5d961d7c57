"""Warnings about due dates that are probably a mistake."""

from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from assignments.audit.entries.sentences import counted
from assignments.queries.formatting import day as day_in_words
from assignments.services.planning.due_dates import repeated_times

SATURDAY: Final = 5
SOON_WITHIN: Final = timedelta(days=3)
FAR_BEYOND: Final = timedelta(days=730)
MAX_DAYS: Final = 5
_NEAR_DAYS: Final = {0: "today", 1: "tomorrow"}


class Kind(StrEnum):
    """A probable mistake, as it is said of rows."""

    PASSED = "on a day that has passed"
    SOON = "within three days"
    FAR = "more than two years from now"
    WEEKEND = "at a weekend"


class RowsDue(NamedTuple):
    """Rows that are due on the same day; `which` names them, as in “rows 4 and 7”."""

    due_date: date
    rows: int
    which: str


def cautions(due_date: date, *, today: date) -> list[str]:
    """Return a warning for everything that makes a due date a probable mistake."""
    distance = (due_date - today).days
    sentences = {
        Kind.PASSED: f"{due_date:%Y-%m-%d} has passed",
        Kind.SOON: f"is {_NEAR_DAYS.get(distance, f'only {distance} days away')}",
        Kind.FAR: "is more than two years away",
        Kind.WEEKEND: f"is a {due_date:%A}",
    }
    return [f"The due date {sentences[kind]}." for kind in _kinds(due_date, today)]


def row_cautions(rows: Iterable[RowsDue], *, today: date) -> list[str]:
    """Return a warning for every kind of probable mistake, with the rows that it is about."""
    by_day = [(due, _kinds(due.due_date, today)) for due in sorted(rows)]
    by_kind = {kind: [due for due, kinds in by_day if kind in kinds] for kind in Kind}
    return [_sentence(kind, dues) for kind, dues in by_kind.items() if dues]


def plan_cautions(
    dues: Sequence[tuple[date | None, int]], *, today: date, due_time: time | None
) -> list[str]:
    """Return the warnings about the due dates of a plan, each given with its number of rows."""
    repeated = repeated_times([day for day, _ in dues], due_time)
    if len(dues) == 1:
        due_date = dues[0][0]
        return [*cautions(due_date, today=today), *repeated] if due_date else []
    rows = [RowsDue(day, count, counted(count, "row", "rows")) for day, count in dues if day]
    return [*row_cautions(rows, today=today), *repeated]


def _kinds(due_date: date, today: date) -> list[Kind]:
    distance = due_date - today
    is_kind = {
        Kind.PASSED: distance < timedelta(),
        Kind.SOON: timedelta() <= distance <= SOON_WITHIN,
        Kind.FAR: distance > FAR_BEYOND,
        Kind.WEEKEND: due_date.weekday() >= SATURDAY,
    }
    return [kind for kind, applies in is_kind.items() if applies]


def _sentence(kind: Kind, dues: list[RowsDue]) -> str:
    count = sum(due.rows for due in dues)
    days = ", ".join(f"{day_in_words(due.due_date)} ({due.which})" for due in dues[:MAX_DAYS])
    others = len(dues) - MAX_DAYS
    more = f" and {counted(others, 'other day', 'other days')}" if others > 0 else ""
    are = "is" if count == 1 else "are"
    return f"{counted(count, 'row', 'rows')} {are} due {kind}: {days}{more}."
