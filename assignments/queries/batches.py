"""Batches and their rows as pages list them: counts by the database, rows by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from assignments.models import Assignment, Batch
from assignments.models.sql.text_folding import folded
from assignments.queries.account_scope import without
from assignments.queries.approvals import awaits
from assignments.queries.failures import FAILED

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User
    from django_stubs_ext import WithAnnotations

State = Assignment.State
Batches = Batch.State
RUNNING: Final = (
    Batches.APPROVAL,
    Batches.WAITING,
    Batches.HELD,
    Batches.RUNNING,
    Batches.PAUSED,
)
ENDED: Final = (
    Batches.DONE,
    Batches.STOPPED,
    Batches.CANCELLED,
    Batches.REJECTED,
    Batches.EXPIRED,
)
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
    "running": ("Running", Q(state__in=RUNNING)),
    "needs-you": (
        "Needs you",
        Q(state__in=[Batches.HELD, Batches.PAUSED]) | Q(state=Batches.DONE, has_failed=True),
    ),
    "done": ("Done", Q(state__in=ENDED)),
}


class Counts(TypedDict):
    """What a list shows of each batch, annotated by the database."""

    total: int
    created: int
    failed: int
    skipped: int
    has_failed: bool


class Retryable(TypedDict):
    """Whether a row failed, so that it can be sent again."""

    is_retryable: bool


type CountedBatch = WithAnnotations[Batch, Counts]
type Row = WithAnnotations[Assignment, Retryable]


def list_tabs(user: User) -> dict[str, tuple[str, Q]]:
    """Return the tabs of the list; what needs somebody depends on what they may approve."""
    label, condition = LIST_TABS["needs-you"]
    return {**LIST_TABS, "needs-you": (label, condition | awaits(user))}


def submitted(*, words: str = "") -> QuerySet[CountedBatch]:
    """Return every submitted batch, newest first, with its counts."""
    batches = Batch.objects.filter(submitted_at__isnull=False).annotate(
        total=F("rows"),
        created=_count(Q(state=State.CREATED)),
        failed=_count(FAILED),
        skipped=_count(Q(state__in=[State.SKIPPED, State.CANCELLED])),
        has_failed=Exists(Assignment.objects.filter(FAILED, batch=OuterRef("pk"))),
    )
    for word in words.split():
        number = word.upper().removeprefix("B-")
        says = Q(title__icontains=word) | Q(by_name__icontains=word) | Q(reason__icontains=word)
        batches = batches.filter(says | Q(pk=int(number)) if number.isdecimal() else says)
    return batches.order_by("-submitted_at", "-pk")


def tab_counts(batches: QuerySet[Batch], tabs: Mapping[str, tuple[str, Q]]) -> dict[str, int]:
    """Return how many of the batches each tab of the list holds."""
    return {name: batches.filter(condition).count() for name, (_, condition) in tabs.items()}


def submitted_batches() -> QuerySet[Batch]:
    """Return every submitted batch without counts, for the page of one."""
    batches = Batch.objects.filter(submitted_at__isnull=False)
    return batches.select_related("account", "by", "approval")


def positions(batch: Batch, *, tab: str, words: str = "") -> QuerySet[Assignment, int]:
    """Return where in the plan the rows of one tab stand, in its order; `latest` is newest first.

    Positions alone, because an index holds them: the pages before the wanted one cost no row.
    """
    found = Assignment.objects.filter(batch=batch)
    for word in folded(words).split():
        found = found.filter(learner__search_text__contains=word)
    if tab == "latest":
        found = found.filter(settled_at__isnull=False).order_by("-settled_at", "-pk")
    else:
        found = found.filter(TABS.get(tab, TABS["all"])[1]).order_by("position")
    return found.values_list("position", flat=True)


def rows(batch: Batch, shown: Iterable[int]) -> list[Row]:
    """Return the batch's rows at these positions, in this order."""
    order = list(shown)
    found = Assignment.objects.filter(batch=batch, position__in=order)
    found = found.select_related("learner", "content")
    found = found.annotate(is_retryable=Case(When(FAILED, then=True), default=False))
    return sorted(found, key=lambda row: order.index(row.position))


def row_of(batch_pk: int, pk: int) -> QuerySet[Assignment]:
    """Return one row of a submitted batch."""
    found = Assignment.objects.filter(batch=batch_pk, batch__submitted_at__isnull=False, pk=pk)
    return found.select_related("batch")


def of_learner(learner_pk: int) -> QuerySet[Assignment]:
    """Return what was assigned to a person with this tool, newest first."""
    found = Assignment.objects.filter(learner=learner_pk, batch__submitted_at__isnull=False)
    return found.select_related("batch", "content").order_by("-batch__submitted_at", "-pk")


def of_content(content_pk: int) -> QuerySet[CountedBatch]:
    """Return the batches that assigned an item, newest first, with their counts."""
    rows = Assignment.objects.filter(content=content_pk)
    return submitted().filter(pk__in=rows.values("batch"))


def active(
    *, limit: int, closed: Collection[str], besides: Iterable[Batch] = ()
) -> list[CountedBatch]:
    """Return the batches that run or need a decision, with their counts, without some."""
    found = without(submitted(), closed).filter(LIST_TABS["running"][1] | LIST_TABS["needs-you"][1])
    return list(found.exclude(pk__in=[batch.pk for batch in besides])[:limit])


def _count(condition: Q) -> Coalesce:
    # Asked for each batch that is shown, from the index: joining would count every batch's rows.
    rows = Assignment.objects.filter(condition, batch=OuterRef("pk")).order_by().values("batch")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)
