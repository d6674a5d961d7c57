"""Counting the calls that end, for whoever looks at how fast they go."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from assignments.models import Assignment, CallCount
from assignments.models.calls import interval_start
from assignments.models.sql.bulk import add

KEPT: Final = timedelta(hours=1)


def count(ended: Iterable[tuple[datetime, str]]) -> None:
    """Count calls by when each ended and what became of its row.

    To be called last in the transaction that writes this down: every sender adds to the same rows.
    """
    calls: Counter[datetime] = Counter()
    created: Counter[datetime] = Counter()
    for moment, state in ended:
        ten = interval_start(moment)
        calls[ten] += 1
        created[ten] += state == Assignment.State.CREATED
    add(
        CallCount,
        "starts_at",
        ("calls", "created"),
        ((at, calls[at], created[at]) for at in sorted(calls)),
    )


def forget(*, now: datetime) -> None:
    """Remove the counts that no page shows any more."""
    CallCount.objects.filter(starts_at__lt=now - KEPT).delete()
