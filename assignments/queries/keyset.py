"""Keyset pagination: a page begins after or before a row, so no OFFSET is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Model, QuerySet

PER_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class PagePosition:
    """Where a page begins: after or before the row with an id, and the number of its first row."""

    after: int | None = None
    before: int | None = None
    first: int | None = None

    def parts(self) -> dict[str, int | None]:
        """Return the query parameters of the position; none for the first page."""
        is_first = not (self.after or self.before)
        return {} if is_first else {"after": self.after, "before": self.before, "first": self.first}


@dataclass(frozen=True, slots=True)
class KeysetPage[Row]:
    """The rows of a page, the number of the first one, and the length of the list."""

    rows: list[Row]
    first: int
    total: int
    previous: PagePosition | None
    following: PagePosition | None

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.first + len(self.rows) - 1

    @property
    def is_all(self) -> bool:
        """Whether the list has no other page."""
        return self.previous is None and self.following is None

    def with_rows[Other](self, rows: Iterable[Other]) -> KeysetPage[Other]:
        """Return the same page with other rows in the place of its own."""
        return KeysetPage(list(rows), self.first, self.total, self.previous, self.following)


def keyset_page[Row: Model](
    matching: QuerySet[Row], *, place: PagePosition, by: str = "search_text", size: int = PER_PAGE
) -> KeysetPage[Row]:
    """Return the page at a position; the first page if there are no rows at it.

    :param matching: the rows of the list, in any order
    :param by: the column to order by, descending with a minus before it; then by id
    """
    pks = _pks(matching, place, by, size)
    if not pks or (place.before and len(pks) <= size):
        place = PagePosition()
        pks = _pks(matching, place, by, size)
    has_more, shown = len(pks) > size, pks[:size]
    if place.before:
        shown.reverse()
    entries = matching.model._default_manager.in_bulk(shown)
    rows = [entries[pk] for pk in shown]
    is_first = not (place.after or place.before)
    total = _total(matching, rows, by, is_first=is_first, has_more=has_more)
    first = 1 if is_first else min(max(place.first or 2, 2), max(total, 2))
    goes_on = bool(place.before) or has_more
    return KeysetPage(
        rows=rows,
        first=first,
        total=total,
        previous=_previous(shown, first, size) if not is_first else None,
        following=PagePosition(after=shown[-1], first=first + len(shown)) if goes_on else None,
    )


def _previous(shown: list[int], first: int, size: int) -> PagePosition:
    return PagePosition(before=shown[0], first=first - size) if first > size + 1 else PagePosition()


def _total[Row: Model](
    matching: QuerySet[Row], shown: list[Row], by: str, *, is_first: bool, has_more: bool
) -> int:
    """Count the list, without counting the rows of the first page again."""
    if not is_first:
        return int(matching.order_by().count())
    if not has_more:
        return len(shown)
    column, on = by.lstrip("-"), "lte" if by.startswith("-") else "gte"
    last = getattr(shown[-1], column)
    before = sum(1 for row in shown if getattr(row, column) != last)
    return before + int(matching.filter(**{f"{column}__{on}": last}).order_by().count())


def _pks(matching: QuerySet[Model], place: PagePosition, by: str, size: int) -> list[int]:
    """Return the ids of the page and, if there are more rows, one more."""
    column, is_up = by.lstrip("-"), not by.startswith("-")
    marker = place.after or place.before
    if marker:
        is_up = is_up == bool(place.after)
        matching = _beyond(matching, marker, column, is_up=is_up)
    sign = "" if is_up else "-"
    # Only ids: an index-only scan.
    pks = matching.order_by(f"{sign}{column}", f"{sign}pk").values_list("pk", flat=True)
    return list(pks[: size + 1])


def _beyond(matching: QuerySet[Model], marker: int, column: str, *, is_up: bool) -> QuerySet[Model]:
    rows = matching.model._default_manager.filter(pk=marker)
    value = rows.values_list(column, flat=True).first()
    if value is None:
        return matching.none()
    on, back = ("gte", "lte") if is_up else ("lte", "gte")
    return matching.filter(**{f"{column}__{on}": value}).exclude(
        **{column: value, f"pk__{back}": marker}
    )
