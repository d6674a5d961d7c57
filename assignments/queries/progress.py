"""Progress of a batch: cached counts of its rows, quick for any number of rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.db.models import Count

from assignments.models import Assignment, Batch
from assignments.queries.failures import UNDECIDED

State = Assignment.State
# Counting 100,000 rows takes a database about 30 ms.
MANY_ROWS: Final = 10_000
# Maximum age of a cached count, when a page polls and when it loads.
POLL_MAX_AGE_SECONDS: Final = 1
PAGE_MAX_AGE_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Progress:
    """Number of rows of a batch by group.

    :ivar moving: rows that will change without a person's decision
    """

    created: int
    failed: int
    unknown: int
    confirmed: int
    skipped: int
    waiting: int
    moving: int

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self._counts)

    @property
    def handled(self) -> int:
        """Rows that will not change without a person's decision."""
        return self.total - self.moving

    @property
    def percent(self) -> int:
        """The handled share in per cent, rounded down so that 100 means all."""
        return 100 * self.handled // self.total if self.total else 100

    @property
    def token(self) -> str:
        """A text that changes whenever a number changes."""
        return "-".join(map(str, (*self._counts, self.moving)))

    @property
    def _counts(self) -> tuple[int, ...]:
        settled = (self.created, self.failed, self.skipped)
        return (*settled, self.unknown, self.confirmed, self.waiting)


def batch_progress(batch: Batch, *, kept_seconds: int = POLL_MAX_AGE_SECONDS) -> Progress:
    """Return the progress of a batch.

    :param kept_seconds: maximum age of the count while a large batch is running
    """
    states = _states(batch, kept_seconds)
    unknown = states.get(State.UNKNOWN, 0)
    undecided = Assignment.objects.filter(UNDECIDED, batch=batch).count() if unknown else 0
    waiting = sum(states.get(state, 0) for state in (State.PLANNED, State.QUEUED, State.SENDING))
    return Progress(
        created=states.get(State.CREATED, 0),
        failed=states.get(State.REJECTED, 0),
        unknown=unknown,
        confirmed=states.get(State.CONFIRMED, 0),
        skipped=states.get(State.SKIPPED, 0) + states.get(State.CANCELLED, 0),
        waiting=waiting,
        moving=waiting + unknown - undecided,
    )


def _states(batch: Batch, kept_seconds: int) -> dict[str, int]:
    # A running page polls again soon; a batch that is not running must show the current count.
    if batch.state != Batch.State.RUNNING or batch.rows < MANY_ROWS:
        return _count_states(batch)
    cached: dict[str, int] | None = cache.get(f"states-{batch.pk}/{kept_seconds}")
    if cached is None:
        cached = _count_states(batch)
        for seconds in (POLL_MAX_AGE_SECONDS, PAGE_MAX_AGE_SECONDS):
            cache.set(f"states-{batch.pk}/{seconds}", cached, seconds)
    return cached


def _count_states(batch: Batch) -> dict[str, int]:
    # An index-only scan; undecided rows are counted apart, because the index lacks their column.
    rows = Assignment.objects.filter(batch=batch).order_by()
    return dict(rows.values_list("state").annotate(n=Count("*")))


def last_settled_at(batch: Batch) -> datetime | None:
    """Return when a row of the batch was last settled, or when the batch started."""
    settled = Assignment.objects.filter(batch=batch, settled_at__isnull=False)
    newest = settled.order_by("-settled_at").values_list("settled_at", flat=True).first()
    return max(filter(None, (newest, batch.started_at)), default=None)
