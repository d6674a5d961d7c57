"""Freezing a draft into a plan: the exact rows, in a fixed order, sealed by their hash."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min

from assignments.models import Assignment, Batch, Content, Draft, PlanDigestInput
from assignments.models.drafts import Status, term_values
from assignments.models.sql import analyze
from assignments.services.planning import due_dates, plan_rows
from assignments.services.planning.draft_selection import Picks
from assignments.services.planning.plan_digest import store_digest
from assignments.services.planning.request import json_body, new_assignment

MAX_ROWS: Final = 100_000
MAX_ITEMS: Final = 20
EXPIRES_AFTER: Final = timedelta(hours=1)


class PlanRefused(Exception):
    """The draft cannot be planned; `problems` are pairs of (field, sentence for the person)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(sentence for _, sentence in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class FirstCall:
    """The first request of a plan exactly as it will be sent, without its secret."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, object]


@transaction.atomic
def freeze(*, draft: Draft, now: datetime) -> Batch:
    """Make the draft's plan, replacing one that was not submitted, and return its batch.

    People who already have an item, or are inactive, become rows that are skipped with the
    reason; everything else is sent. Dates: the due date is the end of that day in the
    organisation's zone.

    :raises PlanRefused: if there is nothing to plan or something cannot be assigned
    """
    draft = Draft.objects.select_for_update(of=("self",), no_key=True).get(pk=draft.pk)
    picks = Picks(draft)
    _check(draft, picks, now)
    previous = PlanDigestInput.objects.filter(batch__submission_key=draft.pk).first()
    discard_plan(draft)
    batch = Batch.objects.create(
        submission_key=draft.pk,
        account=draft.account,
        by=draft.owner,
        by_name=str(draft.owner),
        title=picks.title,
        people=0,
        items=0,
        duplicate_rows=picks.duplicate_rows,
        frozen_at=now,
        **term_values(draft),
    )
    plan_rows.fill(
        batch,
        due_date=draft.due_date,
        others=picks.due_dates,
        assigns_again=draft.assigns_again,
    )
    _describe_rows(batch)
    store_digest(batch, previous=previous)
    if batch.rows >= analyze.MANY_ROWS:
        transaction.on_commit(partial(analyze.analyze, Assignment), robust=True)
    return batch


def recheck(*, draft: Draft, batch: Batch, now: datetime) -> str:
    """Freeze a plan anew that is old, and return in a sentence what changed meanwhile.

    :raises PlanRefused: if it cannot be planned any more
    """
    before, seen_sha256 = _to_create(batch), batch.plan_digest
    after = freeze(draft=draft, now=now)
    if after.plan_digest == seen_sha256:
        return "The list was frozen an hour ago. It was checked again: nothing has changed."
    gone = Assignment.objects.filter(batch=after, problem=plan_rows.INACTIVE).count()
    remain = _to_create(after)
    why = f"{gone:,} of the people are inactive in the LMS; " if gone and remain < before else ""
    return (
        f"The list was frozen an hour ago. It was checked again: {why}"
        f"{remain:,} of {before:,} remain."
    )


def _to_create(batch: Batch) -> int:
    return Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED).count()


def _describe_rows(batch: Batch) -> None:
    rows = Assignment.objects.filter(batch=batch)
    counts = rows.aggregate(
        people=Count("learner", distinct=True),
        items=Count("content", distinct=True),
        rows=Count("pk"),
        dated=Count("due_date"),
        first=Min("due_date"),
        last=Max("due_date"),
    )
    batch.people, batch.items, batch.rows = counts["people"], counts["items"], counts["rows"]
    batch.due_date, batch.due_at = counts["first"], due_dates.end_of_day(counts["first"])
    is_alike = counts["first"] == counts["last"] and counts["dated"] in {0, counts["rows"]}
    batch.has_several_due_dates = not is_alike
    batch.save()


def first_call(batch: Batch) -> FirstCall | None:
    """Return the first request that the plan would send, or None if it sends nothing."""
    planned = Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED)
    row = planned.select_related("batch").order_by("position").first()
    if row is None:
        return None
    path = f"/unified/lms/users/{quote(row.learner_remote_id, safe='')}/assignments"
    return FirstCall(
        method="POST",
        url=settings.STACKONE_BASE_URL + path,
        headers={"Authorization": "(hidden)", "x-account-id": batch.account.remote_id},
        body=json_body(new_assignment(row)),
    )


def _check(draft: Draft, picks: Picks, now: datetime) -> None:
    today = due_dates.today(now)
    problems = [*_content_problems(picks), *_people_problems(picks)]
    if draft.due_date is not None and draft.due_date < today:
        problems.append(("due_date", due_dates.PASSED))
    problems += _day_problems(picks, today)
    if draft.status == Status.IN_PROGRESS and draft.progress is None:
        problems.append(("progress", "Enter the progress, from 0 to 99 percent."))
    if problems:
        raise PlanRefused(problems)


def _content_problems(picks: Picks) -> list[tuple[str, str]]:
    if not picks.contents and not picks.named:
        return [("content", "Choose at least one course, video or path.")]
    if len(picks.contents) > MAX_ITEMS:
        return [("content", f"Choose at most {MAX_ITEMS} items.")]
    return [
        ("content", f"Remove {content}: {problem}")
        for content in picks.contents
        if (problem := why_not_assignable(content))
    ]


def _day_problems(picks: Picks, today: date) -> list[tuple[str, str]]:
    passed = [
        ("content", f"Choose a due date for {content} that is today or later.")
        for content, due_date in picks.items
        if due_date is not None and due_date < today
    ]
    if count := picks.rows_due_before(today):
        rows = "1 row" if count == 1 else f"{count:,} rows"
        sentence = (
            f"{rows} of your file are due on a day that has passed. Mend and upload it again."
        )
        passed.append(
            ("people", sentence.replace("1 row of your file are", "1 row of your file is"))
        )
    return passed


def why_not_assignable(content: Content) -> str:
    """Return why the item cannot be assigned, as a sentence, or nothing if it can."""
    if not content.is_active:
        return "it is retired in the LMS."
    if not content.external_reference:
        return "it has no external reference in the LMS, which creating an assignment needs."
    return ""


def _people_problems(picks: Picks) -> list[tuple[str, str]]:
    if not picks.people and not picks.named:
        return [("people", "Choose at least one person.")]
    if picks.rows > MAX_ROWS:
        return [("people", f"Choose fewer people or items: a batch has at most {MAX_ROWS:,} rows.")]
    return []


def discard_plan(draft: Draft) -> None:
    """Delete the draft's plan if it was not submitted."""
    for batch in Batch.objects.filter(submission_key=draft.pk, state=Batch.State.PLANNED):
        plan_rows.discard(batch.pk)
        batch.delete()
