"""One page of a long list: from a row on, never by counting rows from the start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model, QuerySet

PER_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after a row or before one, by its id, and its first row's number."""

    after: int | None = None
    before: int | None = None
    first: int | None = None

    def parts(self) -> dict[str, int | None]:
        """Return what an address says of it: nothing, if it is the first page."""
        is_first = not (self.after or self.before)
        return {} if is_first else {"after": self.after, "before": self.before, "first": self.first}


@dataclass(frozen=True, slots=True)
class Sheet[Row]:
    """The rows of one page, their place in the list, and how long the list is."""

    rows: list[Row]
    first: int
    total: int
    previous: Place | None
    following: Place | None

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.first + len(self.rows) - 1

    @property
    def is_all(self) -> bool:
        """Whether the list has no other page."""
        return self.previous is None and self.following is None

    def with_rows[Other](self, rows: Iterable[Other]) -> Sheet[Other]:
        """Return the same page with other rows in the place of its own."""
        return Sheet(list(rows), self.first, self.total, self.previous, self.following)


def sheet[Row: Model](
    found: QuerySet[Row], *, place: Place, by: str = "search_text", size: int = PER_PAGE
) -> Sheet[Row]:
    """Return the page at a place; one that leads nowhere is the first.

    :param found: what is listed, in any order
    :param by: the column of the order, descending with a minus before it; equal ones by id
    """
    pks = _pks(found, place, by, size)
    if not pks or (place.before and len(pks) <= size):
        place = Place()
        pks = _pks(found, place, by, size)
    has_more, shown = len(pks) > size, pks[:size]
    if place.before:
        shown.reverse()
    entries = found.model._default_manager.in_bulk(shown)
    rows = [entries[pk] for pk in shown]
    is_first = not (place.after or place.before)
    total = _total(found, rows, by, is_first=is_first, has_more=has_more)
    first = 1 if is_first else min(max(place.first or 2, 2), max(total, 2))
    goes_on = bool(place.before) or has_more
    return Sheet(
        rows=rows,
        first=first,
        total=total,
        previous=_previous(shown, first, size) if not is_first else None,
        following=Place(after=shown[-1], first=first + len(shown)) if goes_on else None,
    )


def _previous(shown: list[int], first: int, size: int) -> Place:
    return Place(before=shown[0], first=first - size) if first > size + 1 else Place()


def _total(
    found: QuerySet[Any], shown: list[Any], by: str, *, is_first: bool, has_more: bool
) -> int:
    """Count what is found; what the first page shows is not looked for again."""
    if not is_first:
        return int(found.order_by().count())
    if not has_more:
        return len(shown)
    column, on = by.lstrip("-"), "lte" if by.startswith("-") else "gte"
    last = getattr(shown[-1], column)
    before = sum(1 for row in shown if getattr(row, column) != last)
    return before + int(found.filter(**{f"{column}__{on}": last}).order_by().count())


def _pks(found: QuerySet[Any], place: Place, by: str, size: int) -> list[int]:
    """Return ids from where the page begins: its own and one more, if there are more."""
    column, is_up = by.lstrip("-"), not by.startswith("-")
    marker = place.after or place.before
    if marker:
        is_up = is_up == bool(place.after)
        found = _beyond(found, marker, column, is_up=is_up)
    sign = "" if is_up else "-"
    # The ids alone: an index answers that by itself.
    pks = found.order_by(f"{sign}{column}", f"{sign}pk").values_list("pk", flat=True)
    return list(pks[: size + 1])


def _beyond(found: QuerySet[Any], marker: int, column: str, *, is_up: bool) -> QuerySet[Any]:
    rows = found.model._default_manager.filter(pk=marker)
    value = rows.values_list(column, flat=True).first()
    if value is None:
        return found.none()
    on, back = ("gte", "lte") if is_up else ("lte", "gte")
    return found.filter(**{f"{column}__{on}": value}).exclude(
        **{column: value, f"pk__{back}": marker}
    )
