"""Whether the day or the month comes first in the dates of a column, judged by all its rows."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from assignments.services.picking.uploads.errors import UploadRefused
from assignments.services.picking.uploads.reader import Row
from assignments.services.planning import due_dates
from assignments.services.planning.due_dates import DateOrder
from assignments.services.planning.written_dates import has_two_numbers_first, parse_date


class OrderEvidence(NamedTuple):
    """The first date of a column that has the day first, the month first, or either; else ""."""

    day_first: str = ""
    month_first: str = ""
    either: str = ""


def judge_order(rows: Iterable[Row], column: int | None) -> OrderEvidence:
    """Return what the dates of a column show; nothing if there is no such column."""
    if column is None:
        return OrderEvidence()
    examples = dict.fromkeys(OrderEvidence._fields, "")
    for number, cells in rows:
        text = cells[column] if column < len(cells) else ""
        kind = _kind(text)
        if kind and not examples[kind]:
            examples[kind] = f"{text[:40]} in row {number:,}"
    return OrderEvidence(**examples)


def contradiction(name: str, evidence: OrderEvidence) -> str:
    """Return a sentence if the dates of the column of this name have both orders, else ""."""
    if not (evidence.day_first and evidence.month_first):
        return ""
    return (
        f"“{name}” contradicts itself: {evidence.day_first} has the day first, "
        f"{evidence.month_first} has the month first."
    )


def assumption(name: str, evidence: OrderEvidence) -> str:
    """Return a sentence if no date shows the order, so that habit decides; else ""."""
    if evidence.day_first or evidence.month_first or not evidence.either:
        return ""
    return (
        f"“{name}” does not show if the day or the month comes first, as in {evidence.either}. "
        f"It is read as your organisation writes dates: the {due_dates.usual_order().first} first."
    )


def order_of(chosen: str, name: str, evidence: OrderEvidence) -> DateOrder:
    """Return the order of a column's dates: as chosen, else as they show, else by habit.

    :param chosen: a `DateOrder`, or "" if nobody chose
    :raises UploadRefused: if nobody chose and the column contradicts itself
    """
    if chosen:
        return DateOrder(chosen)
    if sentence := contradiction(name, evidence):
        raise UploadRefused(f"{sentence} Choose how its days are written.")
    if evidence.day_first:
        return DateOrder.DAY_FIRST
    return DateOrder.MONTH_FIRST if evidence.month_first else due_dates.usual_order()


@lru_cache(maxsize=1_000)
def _kind(text: str) -> str:
    """Return the field of `OrderEvidence` that a cell belongs to; "" if its order is clear."""
    if not has_two_numbers_first(text):
        return ""
    by_day, by_month = (parse_date(text, day_first=order) for order in (True, False))
    if by_day and by_month:
        return "either" if by_day != by_month else ""
    return "day_first" if by_day else "month_first" if by_month else ""
