"""Batches and their rows for lists: counts are computed by the database, rows read by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from assignments.models import Assignment, Batch
from assignments.models.sql.text_folding import fold
from assignments.queries.account_scope import exclude_accounts
from assignments.queries.approvals import awaits_decision_by
from assignments.queries.failures import RETRYABLE, TO_DECIDE

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User
    from django_stubs_ext import WithAnnotations

State = Assignment.State
BatchState = Batch.State
OPEN_STATES: Final = (
    BatchState.APPROVAL,
    BatchState.WAITING,
    BatchState.HELD,
    BatchState.RUNNING,
    BatchState.PAUSED,
)
ENDED_STATES: Final = (BatchState.DONE, *Batch.WITHDRAWN)
WAITING_ROWS: Final = Q(state__in=[State.PLANNED, State.QUEUED, State.SENDING])
TABS: Final[dict[str, tuple[str, Q]]] = {
    "all": ("All", Q()),
    "failed": ("Failed", Q(state=State.REJECTED)),
    "unknown": ("No answer yet", Q(state=State.UNKNOWN)),
    "confirmed": ("Confirmed, not found", Q(state=State.CONFIRMED)),
    "created": ("Created", Q(state=State.CREATED)),
    "skipped": ("Skipped", Q(state__in=[State.SKIPPED, State.CANCELLED])),
    "waiting": ("Waiting", WAITING_ROWS),
}
LIST_TABS: Final[dict[str, tuple[str, Q]]] = {
    "all": ("All", Q()),
    "running": ("Running", Q(state__in=OPEN_STATES)),
    "needs-you": (
        "Needs you",
        Q(state__in=[BatchState.HELD, BatchState.PAUSED])
        | Q(state=BatchState.DONE, needs_decision=True),
    ),
    "done": ("Done", Q(state__in=ENDED_STATES)),
}


class Counts(TypedDict):
    """What a list shows of each batch, annotated by the database."""

    total: int
    created: int
    failed: int
    skipped: int
    needs_decision: bool


class Decidable(TypedDict):
    """Whether a person has to decide what becomes of a row."""

    needs_decision: bool


type CountedBatch = WithAnnotations[Batch, Counts]
type Row = WithAnnotations[Assignment, Decidable]


def list_tabs(user: User) -> dict[str, tuple[str, Q]]:
    """Return the tabs of the list; “Needs you” depends on what the user may approve."""
    label, condition = LIST_TABS["needs-you"]
    return {**LIST_TABS, "needs-you": (label, condition | awaits_decision_by(user))}


def submitted(*, words: str = "") -> QuerySet[CountedBatch]:
    """Return the submitted batches, newest first, with counts.

    :param words: each must be in title, submitter or reason, or be the batch number
    """
    batches = Batch.objects.filter(submitted_at__isnull=False).annotate(
        total=F("rows"),
        created=_row_count(Q(state=State.CREATED)),
        failed=_row_count(RETRYABLE),
        skipped=_row_count(Q(state__in=[State.SKIPPED, State.CANCELLED])),
        needs_decision=Exists(Assignment.objects.filter(TO_DECIDE, batch=OuterRef("pk"))),
    )
    for word in words.split():
        number = word.upper().removeprefix("B-")
        text_match = (
            Q(title__icontains=word) | Q(by_name__icontains=word) | Q(reason__icontains=word)
        )
        batches = batches.filter(
            text_match | Q(number=int(number)) if number.isdecimal() else text_match
        )
    return batches.order_by("-submitted_at", "-pk")


def tab_counts(batches: QuerySet[Batch], tabs: Mapping[str, tuple[str, Q]]) -> dict[str, int]:
    """Return the number of batches in each tab of the list."""
    return {name: batches.filter(condition).count() for name, (_, condition) in tabs.items()}


def submitted_batches() -> QuerySet[Batch]:
    """Return the submitted batches without counts."""
    batches = Batch.objects.filter(submitted_at__isnull=False)
    return batches.select_related("account", "by", "approval")


def positions(batch: Batch, *, tab: str, words: str = "") -> QuerySet[Assignment, int]:
    """Return the plan positions of the rows of a tab, in plan order; `latest` is newest first.

    Only positions, which an index contains: skipping to a page reads no row.
    """
    matching = Assignment.objects.filter(batch=batch)
    for word in fold(words).split():
        matching = matching.filter(learner__search_text__contains=word)
    if tab == "latest":
        matching = matching.filter(settled_at__isnull=False).order_by("-settled_at", "-pk")
    else:
        matching = matching.filter(TABS.get(tab, TABS["all"])[1]).order_by("position")
    return matching.values_list("position", flat=True)


def rows(batch: Batch, shown: Iterable[int]) -> list[Row]:
    """Return the batch's rows at these positions, in this order."""
    order = list(shown)
    at_positions = Assignment.objects.filter(batch=batch, position__in=order)
    at_positions = at_positions.select_related("learner", "content")
    needs_decision = Case(When(TO_DECIDE, then=True), default=False)
    at_positions = at_positions.annotate(needs_decision=needs_decision)
    return sorted(at_positions, key=lambda row: order.index(row.position))


def row_in_batch(number: int, pk: int) -> QuerySet[Assignment]:
    """Return a row of a submitted batch, as a query of one."""
    matching = Assignment.objects.filter(batch__number=number, pk=pk)
    return matching.select_related("batch")


def learner_rows(learner_pk: int) -> QuerySet[Assignment]:
    """Return the rows of submitted batches for a learner, newest first."""
    submitted_rows = Assignment.objects.filter(
        learner=learner_pk, batch__submitted_at__isnull=False
    )
    return submitted_rows.select_related("batch", "content").order_by("-batch__submitted_at", "-pk")


def content_batches(content_pk: int) -> QuerySet[CountedBatch]:
    """Return the submitted batches with an item, newest first, with counts."""
    rows = Assignment.objects.filter(content=content_pk)
    return submitted().filter(pk__in=rows.values("batch"))


def active(
    *, limit: int, hidden: Collection[str], exclude: Iterable[Batch] = ()
) -> list[CountedBatch]:
    """Return the newest batches that are running or need a decision, with counts.

    :param hidden: StackOne ids of accounts whose batches are left out
    :param exclude: batches to leave out
    """
    batches = exclude_accounts(submitted(), hidden).filter(
        LIST_TABS["running"][1] | LIST_TABS["needs-you"][1]
    )
    return list(batches.exclude(pk__in=[batch.pk for batch in exclude])[:limit])


def _row_count(condition: Q) -> Coalesce:
    # A subquery for each shown batch reads an index; a join would count the rows of every batch.
    rows = Assignment.objects.filter(condition, batch=OuterRef("pk")).order_by().values("batch")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)
