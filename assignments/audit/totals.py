"""Control totals: figures by which whoever has the entries sees that none is missing."""

from dataclasses import dataclass

from django.db.models import Count, Max, Min, QuerySet, Sum

from assignments.models import LogEntry


@dataclass(frozen=True, slots=True)
class Totals:
    """The first and the last number, the sum of all, and how many entries have each word."""

    first: int | None
    last: int | None
    sum: int
    actions: dict[str, int]
    results: dict[str, int]


def totals(entries: QuerySet[LogEntry]) -> Totals:
    """Return the totals of the entries."""
    numbers = entries.aggregate(first=Min("seq"), last=Max("seq"), sum=Sum("seq"))
    return Totals(
        numbers["first"],
        numbers["last"],
        int(numbers["sum"] or 0),
        _counts(entries, "action"),
        _counts(entries, "result"),
    )


def _counts(entries: QuerySet[LogEntry], column: str) -> dict[str, int]:
    return dict(entries.values_list(column).annotate(count=Count("seq")).order_by(column))
