"""What the overview says in numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assignments.models import Assignment, Content, Learner, SyncRun

State = Assignment.State
MONTH: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Numbers:
    """The overview's figures."""

    created: int
    first_time_percent: int | None
    people: int
    items: int


def numbers(*, now: datetime) -> Numbers:
    """Return what was created in thirty days, how smoothly, and how large the directory is."""
    created = Assignment.objects.filter(state=State.CREATED, settled_at__gt=now - MONTH)
    total = created.count()
    smooth = created.filter(attempt=1).count()
    return Numbers(
        created=total,
        first_time_percent=100 * smooth // total if total else None,
        people=Learner.objects.filter(is_active=True).count(),
        items=Content.objects.filter(is_active=True).count(),
    )


def last_syncs() -> list[SyncRun]:
    """Return the newest syncs."""
    return list(SyncRun.objects.select_related("account").order_by("-started_at", "-pk")[:5])
