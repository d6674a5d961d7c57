"""Numbers of the overview page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assignments.models import Assignment, Content, Learner, SyncRun

State = Assignment.State
MONTH: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OverviewNumbers:
    """Numbers of the overview page."""

    created: int
    first_time_percent: int | None
    people: int
    items: int


def overview_numbers(*, now: datetime) -> OverviewNumbers:
    """Return assignments created in 30 days, share at the first attempt, and directory size."""
    created = Assignment.objects.filter(state=State.CREATED, settled_at__gt=now - MONTH)
    total = created.count()
    at_first_attempt = created.filter(attempt=1).count()
    return OverviewNumbers(
        created=total,
        first_time_percent=100 * at_first_attempt // total if total else None,
        people=Learner.objects.filter(is_active=True).count(),
        items=Content.objects.filter(is_active=True).count(),
    )


def latest_syncs() -> list[SyncRun]:
    """Return the five newest syncs."""
    return list(SyncRun.objects.select_related("account").order_by("-started_at", "-pk")[:5])
