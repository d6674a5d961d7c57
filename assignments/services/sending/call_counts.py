"""Counts of ended calls in steps of ten seconds, for the pages that show the sending rate."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from assignments.models import Assignment, CallCount
from assignments.models.calls import interval_start
from assignments.models.sql.bulk import add

RETENTION: Final = timedelta(hours=1)


def count(ended: Iterable[tuple[datetime, str]]) -> None:
    """Count calls by when each ended (UTC) and by its row's new state.

    Call it last in the transaction that writes the outcomes: all senders update the same rows.
    """
    calls: Counter[datetime] = Counter()
    created: Counter[datetime] = Counter()
    for ended_at, state in ended:
        interval = interval_start(ended_at)
        calls[interval] += 1
        created[interval] += state == Assignment.State.CREATED
    add(
        CallCount,
        "starts_at",
        ("calls", "created"),
        ((at, calls[at], created[at]) for at in sorted(calls)),
    )


def delete_old(*, now: datetime) -> None:
    """Delete the counts that no page shows any more."""
    CallCount.objects.filter(starts_at__lt=now - RETENTION).delete()
