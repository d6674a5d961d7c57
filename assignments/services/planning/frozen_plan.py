"""Freeze a draft into a plan: its exact rows in a fixed order, with a digest over them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min

from assignments.models import Assignment, Batch, Content, Draft, PlanDigestInput
from assignments.models.sql import analyze
from assignments.models.terms import term_values
from assignments.services.planning import due_dates, plan_rows
from assignments.services.planning.draft_selection import DraftSelection
from assignments.services.planning.passthrough import PassthroughRefused, parse_passthrough
from assignments.services.planning.plan_digest import store_digest
from assignments.services.planning.request import json_body, new_assignment

MAX_ROWS: Final = 100_000
MAX_ITEMS: Final = 20
EXPIRES_AFTER: Final = timedelta(hours=1)


class PlanRefused(Exception):
    """The draft cannot be frozen; `problems` are pairs of (form field, sentence)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(sentence for _, sentence in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class FirstRequest:
    """The first request of a plan exactly as it will be sent, but for the hidden API key."""

    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, object]


@transaction.atomic
def freeze(*, draft: Draft, now: datetime) -> Batch:
    """Create the plan of a draft, as a batch in state "planned" with its rows.

    It replaces an earlier plan of the draft that was not submitted. Rows of inactive people, and of
    people who have the item already, are "skipped" with the reason; all others will be sent. A row
    is due at the end of its due date in the organisation's time zone.

    :raises PlanRefused: if nothing is selected or something cannot be assigned
    """
    draft = Draft.objects.select_for_update(of=("self",), no_key=True).get(pk=draft.pk)
    selection = DraftSelection(draft)
    _check(draft, selection, now)
    previous = PlanDigestInput.objects.filter(batch__submission_key=draft.pk).first()
    discard_plan(draft)
    batch = Batch.objects.create(
        submission_key=draft.pk,
        account=draft.account,
        by=draft.owner,
        by_name=str(draft.owner),
        title=selection.title,
        people=0,
        items=0,
        duplicate_rows=selection.duplicate_rows,
        # The clock may have been set back since the draft changed.
        frozen_at=max(now, draft.changed_at),
        item_terms=selection.item_terms,
        **term_values(draft),
    )
    plan_rows.insert_rows(
        batch,
        due_date=draft.due_date,
        other_due_dates=selection.due_dates,
        assigns_again=draft.assigns_again,
    )
    _summarize_rows(batch)
    store_digest(batch, previous=previous)
    if batch.rows >= analyze.MANY_ROWS:
        transaction.on_commit(partial(analyze.analyze, Assignment), robust=True)
    return batch


def is_behind(draft: Draft, batch: Batch) -> bool:
    """Return whether the draft changed after its plan was frozen, as from another tab."""
    return draft.changed_at > batch.frozen_at


def needs_recheck(draft: Draft, batch: Batch, now: datetime) -> bool:
    """Return whether a plan is too old to be submitted, or behind its draft."""
    return is_behind(draft, batch) or now - batch.frozen_at > EXPIRES_AFTER


def recheck(*, draft: Draft, batch: Batch, now: datetime) -> str:
    """Freeze a plan that expired or is behind, and return a sentence on what changed since.

    :raises PlanRefused: if the draft can no longer be frozen
    """
    before, previous_digest = _count_to_create(batch), batch.plan_digest
    was_behind = is_behind(draft, batch)
    after = freeze(draft=draft, now=now)
    remaining = _count_to_create(after)
    if was_behind:
        return f"The draft changed after the review: {before:,} to create then, {remaining:,} now."
    if after.plan_digest == previous_digest:
        return "The list was frozen an hour ago. It was checked again: nothing has changed."
    inactive = Assignment.objects.filter(batch=after, problem=plan_rows.INACTIVE).count()
    why = f"{inactive:,} of the people are inactive in the LMS; "
    why = why if inactive and remaining < before else ""
    return (
        f"The list was frozen an hour ago. It was checked again: {why}"
        f"{remaining:,} of {before:,} remain."
    )


def _count_to_create(batch: Batch) -> int:
    return Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED).count()


def _summarize_rows(batch: Batch) -> None:
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
    first = counts["first"]
    batch.due_date = first
    batch.due_at = first and due_dates.due_moment(first, batch.due_time)
    has_one_date = counts["first"] == counts["last"] and counts["dated"] in {0, counts["rows"]}
    batch.has_several_due_dates = not has_one_date
    batch.save()


def first_request(batch: Batch) -> FirstRequest | None:
    """Return the first request that the plan would send, or None if it sends nothing."""
    planned = Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED)
    row = planned.select_related("batch").order_by("position").first()
    if row is None:
        return None
    path = f"/unified/lms/users/{quote(row.learner_remote_id, safe='')}/assignments"
    return FirstRequest(
        method="POST",
        url=settings.STACKONE_BASE_URL + path,
        headers={"Authorization": "(hidden)", "x-account-id": batch.account.remote_id},
        body=json_body(new_assignment(row)),
    )


def _check(draft: Draft, selection: DraftSelection, now: datetime) -> None:
    today = due_dates.today(now)
    problems = [*_content_problems(selection), *_people_problems(selection)]
    if draft.due_date is not None and draft.due_date < today:
        problems.append(("due_date", due_dates.DUE_DATE_PASSED))
    if _due_time_has_passed(draft, selection, now):
        problems.append(("due_time", "Choose a due time that is later than now."))
    dates = {draft.due_date, *selection.due_dates}
    problems += [("due_time", text) for text in due_dates.skipped_times(dates, draft.due_time)]
    problems += [*_due_date_problems(selection, today), *_passthrough_problems(draft)]
    if problems:
        raise PlanRefused(problems)


def _due_time_has_passed(draft: Draft, selection: DraftSelection, now: datetime) -> bool:
    today = due_dates.today(now)
    is_today = today in {draft.due_date, *selection.due_dates}
    return is_today and due_dates.due_moment(today, draft.due_time) <= now


def _passthrough_problems(draft: Draft) -> list[tuple[str, str]]:
    # The passthrough of a copied batch may have lost an erased name.
    try:
        parse_passthrough(draft.passthrough)
    except PassthroughRefused as refusal:
        return [("passthrough", str(refusal))]
    return []


def _content_problems(selection: DraftSelection) -> list[tuple[str, str]]:
    if not selection.contents and not selection.uploaded_rows:
        return [("content", "Choose at least one course, video or path.")]
    if len(selection.contents) > MAX_ITEMS:
        return [("content", f"Choose at most {MAX_ITEMS} items.")]
    return [
        ("content", f"Remove {content}: {problem}")
        for content in selection.contents
        if (problem := why_not_assignable(content))
    ]


def _due_date_problems(selection: DraftSelection, today: date) -> list[tuple[str, str]]:
    passed = [
        ("content", f"Choose a due date for {content} that is today or later.")
        for content, due_date in selection.items
        if due_date is not None and due_date < today
    ]
    if count := selection.count_rows_due_before(today):
        rows = "1 row" if count == 1 else f"{count:,} rows"
        sentence = (
            f"{rows} of your file are due on a day that has passed. Fix it and upload it again."
        )
        passed.append(
            ("people", sentence.replace("1 row of your file are", "1 row of your file is"))
        )
    return passed


def why_not_assignable(content: Content) -> str:
    """Return why an item cannot be assigned, as the end of a sentence; empty if it can."""
    if not content.is_active:
        return "it is retired in the LMS."
    if not content.external_reference:
        return "it has no external reference in the LMS, which creating an assignment needs."
    return ""


def _people_problems(selection: DraftSelection) -> list[tuple[str, str]]:
    if not selection.people and not selection.uploaded_rows:
        return [("people", "Choose at least one person.")]
    if selection.rows > MAX_ROWS:
        return [("people", f"Choose fewer people or items: a batch has at most {MAX_ROWS:,} rows.")]
    return []


def discard_plan(draft: Draft) -> None:
    """Delete the plan of a draft, unless it was submitted."""
    for batch in Batch.objects.filter(submission_key=draft.pk, state=Batch.State.PLANNED):
        plan_rows.delete_rows(batch.pk)
        batch.delete()
