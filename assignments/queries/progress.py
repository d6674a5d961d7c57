"""How a batch stands: counts that stay quick however many rows it has."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.db.models import Count

from assignments.models import Assignment, Batch
from assignments.queries.failures import UNDECIDED

State = Assignment.State
# Counting a hundred thousand rows takes the database some thirty milliseconds.
MANY_ROWS: Final = 10_000
# How old a count of many may be: for who looks for news, and on a page, which does so next.
NEWS_SECONDS: Final = 1
PAGE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows of a batch are in each group."""

    created: int
    failed: int
    unknown: int
    skipped: int
    waiting: int
    moving: int

    @property
    def total(self) -> int:
        """All rows."""
        return self.created + self.failed + self.unknown + self.skipped + self.waiting

    @property
    def handled(self) -> int:
        """How many rows will not change by themselves any more."""
        return self.total - self.moving

    @property
    def percent(self) -> int:
        """The handled share, rounded down so that 100 means all."""
        return 100 * self.handled // self.total if self.total else 100

    @property
    def token(self) -> str:
        """A word that differs whenever one of the numbers does."""
        counts = (self.created, self.failed, self.unknown, self.skipped, self.waiting, self.moving)
        return "-".join(map(str, counts))


def progress(batch: Batch, *, kept_seconds: int = NEWS_SECONDS) -> Progress:
    """Return how the batch stands.

    :param kept_seconds: so long a count of many rows holds while they are sent
    """
    states = _states(batch, kept_seconds)
    unknown = states.get(State.UNKNOWN, 0)
    undecided = Assignment.objects.filter(UNDECIDED, batch=batch).count() if unknown else 0
    waiting = sum(states.get(state, 0) for state in (State.PLANNED, State.QUEUED, State.SENDING))
    return Progress(
        created=states.get(State.CREATED, 0),
        failed=states.get(State.REJECTED, 0),
        unknown=unknown,
        skipped=states.get(State.SKIPPED, 0) + states.get(State.CANCELLED, 0),
        waiting=waiting,
        moving=waiting + unknown - undecided,
    )


def _states(batch: Batch, kept_seconds: int) -> dict[str, int]:
    # While it runs the next look corrects it; at rest and for who acts the count is always new.
    if batch.state != Batch.State.RUNNING or batch.rows < MANY_ROWS:
        return _counted(batch)
    found: dict[str, int] | None = cache.get(f"states-{batch.pk}/{kept_seconds}")
    if found is None:
        found = _counted(batch)
        for seconds in (NEWS_SECONDS, PAGE_SECONDS):
            cache.set(f"states-{batch.pk}/{seconds}", found, seconds)
    return found


def _counted(batch: Batch) -> dict[str, int]:
    # Read from the index alone; what a person decides about is not in it, and is little.
    rows = Assignment.objects.filter(batch=batch).order_by()
    return dict(rows.values_list("state").annotate(n=Count("*")))


def last_moved_at(batch: Batch) -> datetime | None:
    """Return when the newest row of the batch was settled, or else when it started."""
    settled = Assignment.objects.filter(batch=batch, settled_at__isnull=False)
    newest = settled.order_by("-settled_at").values_list("settled_at", flat=True).first()
    return max(filter(None, (newest, batch.started_at)), default=None)
