"""Drafts and their plans: lists, selection, and what would be created."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import CharField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from assignments.models import (
    Account,
    Assignment,
    Batch,
    Content,
    Draft,
    DraftContent,
    DraftLearner,
    DraftRow,
    DraftUpload,
    Learner,
    RemoteAssignment,
    SelectionChange,
)
from assignments.models.sql.text_folding import fold
from assignments.models.terms import Status
from assignments.queries.call_rate import calls_per_second
from assignments.queries.formatting import duration

State = Assignment.State
LARGE_SHARE: Final = 0.1
_TITLE: Final = Coalesce(
    NullIf("content__title", Value("")), "content__external_reference", output_field=CharField()
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A frozen plan with what its review page shows."""

    batch: Batch
    contents: list[Content]
    to_create: int
    skipped: list[tuple[str, int]]
    takes: str
    is_large_share: bool


def open_drafts(*, owner_pk: int) -> QuerySet[Draft]:
    """Return a user's drafts that are not submitted, the last changed first."""
    return _unsubmitted(owner_pk).filter(discarded_at=None).order_by("-changed_at", "pk")


def discarded_drafts(*, owner_pk: int) -> QuerySet[Draft]:
    """Return a user's discarded drafts, which can be restored, the last discarded first."""
    return _unsubmitted(owner_pk).filter(discarded_at__isnull=False).order_by("-discarded_at", "pk")


def own_drafts(*, owner_pk: int) -> QuerySet[Draft]:
    """Return a user's drafts that are not discarded, submitted ones too."""
    return Draft.objects.filter(owner=owner_pk, discarded_at=None).select_related("account")


def account_of(
    *, account: int | None, learner: Sequence[int], add: int | None, **_: object
) -> int | None:
    """Return the account that is named, else that of the first person, else that of the item.

    :param learner: primary keys of people
    :param add: primary key of an item
    """
    if account is not None:
        return account
    if learner:
        return Learner.objects.filter(pk=learner[0]).values_list("account", flat=True).first()
    items = Content.objects.filter(pk__in=[add] if add else [])
    return items.values_list("account", flat=True).first()


def last_account(*, owner_pk: int) -> int | None:
    """Return the account of a user's newest draft."""
    own = Draft.objects.filter(owner=owner_pk).order_by("-created_at", "pk")
    return own.values_list("account", flat=True).first()


def selected_items(draft: Draft) -> dict[Content, date | None]:
    """Return the selected items of a draft by title, each with its own due date, if any."""
    picked = DraftContent.objects.filter(draft=draft).select_related("content")
    by_title = picked.order_by("content__title", "content")
    return {selection.content: selection.due_date for selection in by_title}


def holder_ids_of_all(
    contents: list[Content], *, completed: bool
) -> QuerySet[RemoteAssignment, object]:
    """Return the ids of the people who have, or have completed, all of the items."""
    held = RemoteAssignment.objects.filter(content__in=contents, learner__isnull=False)
    if completed:
        held = held.filter(status=Status.COMPLETED)
    by_person = held.values("learner").annotate(n=Count("content", distinct=True))
    return by_person.filter(n=len(contents)).values("learner")


def changes(draft: Draft) -> list[SelectionChange]:
    """Return the bulk changes of the selection, the oldest first."""
    return list(SelectionChange.objects.filter(draft=draft).order_by("created_at", "pk"))


def selected_of(draft: Draft, learner_pks: list[int]) -> set[int]:
    """Return which of the people are selected in the draft."""
    picked = DraftLearner.objects.filter(draft=draft, learner__in=learner_pks)
    return set(picked.values_list("learner", flat=True))


def plan(draft_id: UUID) -> Plan | None:
    """Return the draft's frozen plan; None without one that can be submitted."""
    batches = Batch.objects.select_related("account", "by")
    batch = batches.filter(submission_key=draft_id, state=Batch.State.PLANNED).first()
    if batch is None:
        return None
    rows = Assignment.objects.filter(batch=batch)
    to_create = rows_to_send(batch)
    skipped = rows.filter(state=State.SKIPPED).values("problem").order_by("problem")
    return Plan(
        batch=batch,
        contents=planned_contents(batch),
        to_create=to_create,
        skipped=list(skipped.annotate(n=Count("pk")).values_list("problem", "n")),
        takes=forecast(to_create, batch.account),
        is_large_share=_is_large_share(batch),
    )


def rows_to_send(batch: Batch) -> int:
    """Return the number of rows of a plan that are not skipped."""
    return Assignment.objects.filter(batch=batch, state=State.PLANNED).count()


def planned_contents(batch: Batch) -> list[Content]:
    """Return the items of a plan by title."""
    rows = Assignment.objects.filter(batch=batch)
    return list(Content.objects.filter(pk__in=rows.values("content")).order_by("title", "pk"))


def planned_rows(batch: Batch, *, words: str = "") -> QuerySet[Assignment]:
    """Return the rows of a plan whose learner matches all words, in plan order."""
    rows = Assignment.objects.filter(batch=batch).select_related("learner", "content")
    for word in fold(words).split():
        rows = rows.filter(learner__search_text__contains=word)
    return rows.order_by("position")


def last_upload(draft: Draft) -> DraftUpload | None:
    """Return the draft's last uploaded file; None without one."""
    return DraftUpload.objects.filter(draft=draft).select_related("draft").first()


def file_rows(draft: Draft) -> tuple[int, int]:
    """Return the number of rows from files in a draft, and of items in them."""
    rows = DraftRow.objects.filter(draft=draft)
    counts = rows.aggregate(rows=Count("pk"), items=Count("content", distinct=True))
    return counts["rows"], counts["items"]


def submitted_batch(draft_id: UUID) -> int | None:
    """Return the number of the batch that the draft was submitted as; None if it was not."""
    submitted = Batch.objects.filter(submission_key=draft_id, submitted_at__isnull=False)
    return submitted.values_list("number", flat=True).first()


def forecast(calls: int, account: Account) -> str:
    """Return in words how long that many calls to an account take at its call rate."""
    return duration(calls / calls_per_second(account))


def _unsubmitted(owner_pk: int) -> QuerySet[Draft]:
    unsubmitted = Draft.objects.filter(owner=owner_pk, is_submitted=False).select_related("account")
    picked = DraftContent.objects.filter(draft=OuterRef("pk")).order_by("content__title", "pk")
    return unsubmitted.annotate(
        # Subqueries: joining both relations would produce people x items rows.
        people=_row_count(DraftLearner),
        items=_row_count(DraftContent),
        named=_row_count(DraftRow),
        first_title=Subquery(picked.values(title=_TITLE)[:1]),
    )


def _row_count(model: type[DraftLearner | DraftContent | DraftRow]) -> Coalesce:
    picked = model.objects.filter(draft=OuterRef("pk")).order_by().values("draft")
    return Coalesce(Subquery(picked.annotate(n=Count("pk")).values("n")), 0)


def _is_large_share(batch: Batch) -> bool:
    everybody = Learner.objects.filter(account=batch.account_id, is_active=True).count()
    return everybody > 0 and batch.people > everybody * LARGE_SHARE
