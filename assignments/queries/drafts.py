"""Drafts and their plans: whose they are, what is picked, and what would be created."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet

from assignments.models import (
    Account,
    Assignment,
    Batch,
    Content,
    Draft,
    DraftContent,
    DraftLearner,
    Learner,
    RemoteAssignment,
)
from assignments.queries.pace import calls_per_second
from assignments.queries.words import duration

State = Assignment.State
LARGE_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Summary:
    """What a draft would do, in numbers."""

    titles: list[str]
    people: int
    items: int
    already: int
    takes: str

    @property
    def to_create(self) -> int:
        """How many assignments would be created."""
        return self.people * self.items - self.already


@dataclass(frozen=True, slots=True)
class Plan:
    """A frozen plan as its review shows it."""

    batch: Batch
    contents: list[Content]
    to_create: int
    skipped: list[tuple[str, int]]
    takes: str
    is_large_share: bool


def open_drafts(*, owner_pk: int) -> QuerySet[Draft]:
    """Return the person's drafts that are not submitted, the last changed first."""
    mine = Draft.objects.filter(owner=owner_pk, is_submitted=False).select_related("account")
    return mine.annotate(
        people=Count("picked_learners", distinct=True),
        items=Count("picked_contents", distinct=True),
    ).order_by("-changed_at", "pk")


def drafts_of(*, owner_pk: int) -> QuerySet[Draft]:
    """Return every draft of the person, submitted ones too."""
    return Draft.objects.filter(owner=owner_pk).select_related("account")


def picked_contents(draft: Draft) -> list[Content]:
    """Return the items of a draft, by title."""
    picked = DraftContent.objects.filter(draft=draft).values("content")
    return list(Content.objects.filter(pk__in=picked).order_by("title", "pk"))


def picked_of(draft: Draft, learner_pks: list[int]) -> set[int]:
    """Return which of the people are picked."""
    picked = DraftLearner.objects.filter(draft=draft, learner__in=learner_pks)
    return set(picked.values_list("learner", flat=True))


def summary(draft: Draft, contents: list[Content]) -> Summary:
    """Return the draft's numbers; who has an item already is counted once for each item."""
    people = DraftLearner.objects.filter(draft=draft).count()
    already = 0 if draft.assigns_again else _already(draft, contents)
    titles = [str(content) for content in contents]
    calls = people * len(contents) - already
    return Summary(titles, people, len(contents), already, forecast(calls, draft.account))


def plan(draft_id: UUID) -> Plan | None:
    """Return the draft's frozen plan, or None if it has none that is still to be submitted."""
    batches = Batch.objects.select_related("account", "by")
    batch = batches.filter(submission_key=draft_id, state=Batch.State.PLANNED).first()
    if batch is None:
        return None
    rows = Assignment.objects.filter(batch=batch)
    to_create = rows.filter(state=State.PLANNED).count()
    skipped = rows.filter(state=State.SKIPPED).values("problem").order_by("problem")
    return Plan(
        batch=batch,
        contents=list(
            Content.objects.filter(pk__in=rows.values("content")).order_by("title", "pk")
        ),
        to_create=to_create,
        skipped=list(skipped.annotate(n=Count("pk")).values_list("problem", "n")),
        takes=forecast(to_create, batch.account),
        is_large_share=_is_large_share(batch),
    )


def planned_rows(batch: Batch) -> QuerySet[Assignment]:
    """Return the rows of a plan in their fixed order."""
    rows = Assignment.objects.filter(batch=batch).select_related("learner", "content")
    return rows.order_by("position")


def submitted_batch(draft_id: UUID) -> int | None:
    """Return the batch that a draft became, or None."""
    submitted = Batch.objects.filter(submission_key=draft_id, submitted_at__isnull=False)
    return submitted.values_list("pk", flat=True).first()


def forecast(calls: int, account: Account) -> str:
    """Return how long so many calls to an account take at its pace, in words."""
    return duration(calls / calls_per_second(account))


def _already(draft: Draft, contents: list[Content]) -> int:
    people = DraftLearner.objects.filter(draft=draft).values("learner")
    held = RemoteAssignment.objects.filter(content__in=contents, learner__in=people)
    return held.values("learner", "content").distinct().count()


def _is_large_share(batch: Batch) -> bool:
    everybody = Learner.objects.filter(account=batch.account_id, is_active=True).count()
    return everybody > 0 and batch.people > everybody * LARGE_SHARE
