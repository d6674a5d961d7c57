"""Batches and their rows as pages show them: counts by the database, rows by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Case, Count, Q, QuerySet, When

from assignments.models import Assignment, Batch
from assignments.models.folding import folded
from assignments.queries.due import MOVING
from assignments.queries.failures import FAILED
from assignments.queries.words import duration

State = Assignment.State
Batches = Batch.State
WAITING: Final = Q(state__in=[State.PLANNED, State.QUEUED, State.SENDING])
TABS: Final[dict[str, tuple[str, Q]]] = {
    "all": ("All", Q()),
    "failed": ("Failed", Q(state=State.REJECTED)),
    "unknown": ("No answer yet", Q(state=State.UNKNOWN)),
    "created": ("Created", Q(state=State.CREATED)),
    "skipped": ("Skipped", Q(state__in=[State.SKIPPED, State.CANCELLED])),
    "waiting": ("Waiting", WAITING),
}
LIST_TABS: Final[dict[str, tuple[str, Q]]] = {
    "all": ("All", Q()),
    "running": (
        "Running",
        Q(state__in=[Batches.WAITING, Batches.HELD, Batches.RUNNING, Batches.PAUSED]),
    ),
    "needs-you": (
        "Needs you",
        Q(state__in=[Batches.HELD, Batches.PAUSED]) | Q(state=Batches.DONE, failed__gt=0),
    ),
    "done": ("Done", Q(state__in=[Batches.DONE, Batches.STOPPED, Batches.CANCELLED])),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How a batch stands: how many rows are in each group, and what can be expected."""

    total: int
    created: int
    failed: int
    unknown: int
    skipped: int
    waiting: int
    moving: int
    rate: float

    @property
    def handled(self) -> int:
        """How many rows will not change by themselves any more."""
        return self.total - self.moving

    @property
    def percent(self) -> int:
        """The handled share, rounded down so that 100 means all."""
        return 100 * self.handled // self.total if self.total else 100

    @property
    def time_left(self) -> str:
        """How long the rest takes at the rate so far, or at the limit before there is one."""
        rate = self.rate or settings.STACKONE_REQUESTS_PER_MINUTE / 60
        return duration(self.moving / rate)

    @property
    def limit(self) -> str:
        """The agreed requests a second."""
        return f"{settings.STACKONE_REQUESTS_PER_MINUTE / 60:.1f}".removesuffix(".0")

    @property
    def token(self) -> str:
        """A word that differs whenever one of the numbers does."""
        counts = (self.created, self.failed, self.unknown, self.skipped, self.waiting, self.moving)
        return "-".join(map(str, counts))


def submitted(*, words: str = "") -> QuerySet[Batch]:
    """Return every submitted batch, newest first, with its counts."""
    rows = {
        "total": Q(),
        "created": Q(assignments__state=State.CREATED),
        "failed": Q(assignments__state=State.REJECTED)
        | Q(assignments__state=State.UNKNOWN, assignments__check_at=None),
        "skipped": Q(assignments__state__in=[State.SKIPPED, State.CANCELLED]),
    }
    counts = {name: Count("assignments", filter=condition) for name, condition in rows.items()}
    batches = Batch.objects.filter(submitted_at__isnull=False).annotate(**counts)
    for word in words.split():
        number = word.upper().removeprefix("B-")
        says = Q(title__icontains=word) | Q(by_name__icontains=word) | Q(reason__icontains=word)
        batches = batches.filter(says | Q(pk=int(number)) if number.isdecimal() else says)
    return batches.order_by("-submitted_at", "-pk")


def tab_counts(batches: QuerySet[Batch]) -> dict[str, int]:
    """Return how many of the batches each tab of the list holds."""
    return {name: batches.filter(condition).count() for name, (_, condition) in LIST_TABS.items()}


def submitted_batches() -> QuerySet[Batch]:
    """Return every submitted batch without counts, for the page of one."""
    return Batch.objects.filter(submitted_at__isnull=False).select_related("account", "by")


def progress(batch: Batch, *, now: datetime) -> Progress:
    """Return how the batch stands."""
    groups = {
        "created": Q(state=State.CREATED),
        "failed": Q(state=State.REJECTED),
        "unknown": Q(state=State.UNKNOWN),
        "skipped": Q(state__in=[State.SKIPPED, State.CANCELLED]),
        "waiting": WAITING,
        "moving": MOVING,
    }
    counts = Assignment.objects.filter(batch=batch).aggregate(
        total=Count("pk"), **{name: Count("pk", filter=group) for name, group in groups.items()}
    )
    sent = counts["created"] + counts["failed"]
    return Progress(**counts, rate=_rate(batch, sent, now))


def rows(batch: Batch, *, tab: str, words: str = "") -> QuerySet[Assignment]:
    """Return the batch's rows of one tab, in the plan's order; `latest` is newest first."""
    found = Assignment.objects.filter(batch=batch).select_related("learner", "content")
    found = found.annotate(is_retryable=Case(When(FAILED, then=True), default=False))
    for word in folded(words).split():
        found = found.filter(learner__search_text__contains=word)
    if tab == "latest":
        return found.filter(settled_at__isnull=False).order_by("-settled_at", "-pk")
    return found.filter(TABS.get(tab, TABS["all"])[1]).order_by("position", "pk")


def row_of(batch_pk: int, pk: int) -> QuerySet[Assignment]:
    """Return one row of a submitted batch."""
    found = Assignment.objects.filter(batch=batch_pk, batch__submitted_at__isnull=False, pk=pk)
    return found.select_related("batch")


def of_learner(learner_pk: int) -> QuerySet[Assignment]:
    """Return what was assigned to a person with this tool, newest first."""
    found = Assignment.objects.filter(learner=learner_pk, batch__submitted_at__isnull=False)
    return found.select_related("batch", "content").order_by("-batch__submitted_at", "-pk")


def of_content(content_pk: int) -> QuerySet[Batch]:
    """Return the batches that assigned an item, newest first, with their counts."""
    rows = Assignment.objects.filter(content=content_pk)
    return submitted().filter(pk__in=rows.values("batch"))


def active(*, limit: int) -> list[Any]:
    """Return the batches that run or need a decision, with their counts."""
    found = submitted().filter(LIST_TABS["running"][1] | LIST_TABS["needs-you"][1])
    return list(found[:limit])


def _rate(batch: Batch, sent: int, now: datetime) -> float:
    if batch.started_at is None:
        return 0.0
    seconds = ((batch.finished_at or now) - batch.started_at).total_seconds()
    return sent / seconds if seconds > 0 else 0.0
