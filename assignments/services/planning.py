"""Freezing a draft into a plan: the exact rows, in a fixed order, sealed by their hash."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from assignments.models import Assignment, Batch, Content, Draft
from assignments.models.drafts import Status
from assignments.services.claims import new_assignment
from assignments.services.connection import body_of
from assignments.services.sealing import plan_sha256

MOST_ROWS: Final = 100_000
MOST_ITEMS: Final = 20
HAS_IT: Final = "They already have it in the LMS."
BEING_ASSIGNED: Final = "It is being assigned to them by another batch right now."
INACTIVE: Final = "They are inactive in the LMS."

_INSERT: Final = """
INSERT INTO assignments_assignment (
    batch_id, position, learner_id, content_id, learner_remote_id, content_remote_id,
    content_reference, state, attempt, sender, checks, resends, remote_id, problem,
    problem_field, settled_at
)
SELECT batch_id, position, learner_id, content_id, learner_remote_id, content_remote_id,
    content_reference, CASE WHEN problem = '' THEN 'planned' ELSE 'skipped' END, 0, '', 0, 0, '',
    problem, '', CASE WHEN problem = '' THEN NULL ELSE frozen_at END
FROM (
    SELECT batch.id AS batch_id, batch.frozen_at AS frozen_at,
        ROW_NUMBER() OVER (
            ORDER BY content.title, content.id, learner.name, learner.id
        ) AS position,
        learner.id AS learner_id, content.id AS content_id,
        learner.remote_id AS learner_remote_id, content.remote_id AS content_remote_id,
        content.external_reference AS content_reference,
        CASE
            WHEN NOT learner.is_active THEN %s
            WHEN %s THEN ''
            WHEN EXISTS (
                SELECT 1 FROM assignments_remoteassignment held
                WHERE held.learner_id = learner.id AND held.content_id = content.id
            ) THEN %s
            WHEN EXISTS (
                SELECT 1 FROM assignments_assignment other
                JOIN assignments_batch submitted ON submitted.id = other.batch_id
                WHERE other.learner_id = learner.id AND other.content_id = content.id
                    AND submitted.submitted_at IS NOT NULL
                    AND (
                        other.state IN ('sending', 'unknown')
                        OR (
                            other.state IN ('planned', 'queued')
                            AND submitted.state NOT IN ('stopped', 'cancelled')
                        )
                    )
            ) THEN %s
            ELSE ''
        END AS problem
    FROM assignments_batch batch
    JOIN assignments_draftlearner picked ON picked.draft_id = batch.submission_key
    JOIN assignments_learner learner ON learner.id = picked.learner_id
    JOIN assignments_draftcontent item ON item.draft_id = batch.submission_key
    JOIN assignments_content content ON content.id = item.content_id
    WHERE batch.id = %s
) planned
"""


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
    draft = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    picked = draft.picked_contents.values("content")
    contents = list(Content.objects.filter(pk__in=picked).order_by("title", "pk"))
    people = draft.picked_learners.count()
    _check(draft, contents, people, now)
    discard_plan(draft)
    batch = Batch.objects.create(
        submission_key=draft.pk,
        account=draft.account,
        by=draft.owner,
        by_name=str(draft.owner),
        title=_title(contents),
        people=people,
        items=len(contents),
        due_date=draft.due_date,
        due_at=end_of_day(draft.due_date),
        status=draft.status,
        progress=draft.progress,
        reason=draft.reason,
        frozen_at=now,
    )
    with connection.cursor() as cursor:
        values = (INACTIVE, draft.assigns_again, HAS_IT, BEING_ASSIGNED, batch.pk)
        cursor.execute(_INSERT, values)
    batch.plan_sha256 = plan_sha256(batch)
    batch.save(update_fields=["plan_sha256"])
    return batch


def end_of_day(due_date: date | None) -> datetime | None:
    """Return the last second of the day in the organisation's zone, or None."""
    if due_date is None:
        return None
    end = datetime.combine(due_date, time(23, 59, 59))
    return timezone.make_aware(end, timezone.get_default_timezone())


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
        body=body_of(new_assignment(row)),
    )


def _check(draft: Draft, contents: list[Content], people: int, now: datetime) -> None:
    problems = [*_content_problems(contents), *_people_problems(people, len(contents))]
    if draft.due_date is not None and draft.due_date < timezone.localdate(
        now, timezone.get_default_timezone()
    ):
        problems.append(("due_date", "Choose a due date that is today or later."))
    if draft.status == Status.IN_PROGRESS and draft.progress is None:
        problems.append(("progress", "Enter how far they are, from 0 to 99 percent."))
    if problems:
        raise PlanRefused(problems)


def _content_problems(contents: list[Content]) -> list[tuple[str, str]]:
    if not contents:
        return [("content", "Choose at least one course, video or path.")]
    if len(contents) > MOST_ITEMS:
        return [("content", f"Choose at most {MOST_ITEMS} items.")]
    return [
        ("content", f"Remove {content}: {problem}")
        for content in contents
        if (problem := why_not_assignable(content))
    ]


def why_not_assignable(content: Content) -> str:
    """Return why the item cannot be assigned, as a sentence, or nothing if it can."""
    if not content.is_active:
        return "it is retired in the LMS."
    if not content.external_reference:
        return "it has no external reference in the LMS, which creating an assignment needs."
    return ""


def _people_problems(people: int, items: int) -> list[tuple[str, str]]:
    if not people:
        return [("people", "Choose at least one person.")]
    if people * max(items, 1) > MOST_ROWS:
        return [
            ("people", f"Choose fewer people or items: a batch has at most {MOST_ROWS:,} rows.")
        ]
    return []


def discard_plan(draft: Draft) -> None:
    """Delete the draft's plan if it was not submitted."""
    planned = Batch.objects.filter(submission_key=draft.pk, state=Batch.State.PLANNED)
    Assignment.objects.filter(batch__in=planned).delete()
    planned.delete()


def _title(contents: list[Content]) -> str:
    first, more = str(contents[0]), len(contents) - 1
    return f"{first} and {more} more" if more else first
