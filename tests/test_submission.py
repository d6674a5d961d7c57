"""From draft to submitted batch: what is planned, sealed, refused and logged."""

import uuid
from datetime import date, time

import pytest
from django.db import DatabaseError, connection, transaction

from assignments.models import Assignment, Batch, Content, DraftContent, DraftRow, Learner, LogEntry
from assignments.services.planning import frozen_plan, plan_rows
from assignments.services.submitting import grace_period, submission

pytestmark = [pytest.mark.core, pytest.mark.django_db]


def submit(desk, draft, plan, **changes):
    """Submit the plan as the page does."""
    values = {
        "plan_digest": plan.plan_digest,
        "reason": "",
        "confirms_completed": False,
        "by": desk.by,
        "now": desk.clock(),
    }
    return submission.submit(draft=draft, **values | changes)


def test_freeze_creates_a_row_for_every_person_and_item(desk):
    plan = desk.review(desk.draft(people=3, items=2))

    rows = list(plan.assignments.order_by("position").values_list("position", "state"))
    assert rows == [(n, "planned") for n in range(1, 7)]
    assert (plan.state, plan.people, plan.items, len(plan.plan_digest)) == ("planned", 3, 2, 64)


def test_freeze_again_replaces_the_plan(desk):
    draft = desk.draft(people=3)
    first = desk.review(draft)
    draft.picked_learners.first().delete()

    second = desk.review(draft)

    assert not Batch.objects.filter(pk=first.pk).exists()
    assert (second.assignments.count(), second.plan_digest != first.plan_digest) == (2, True)


def test_a_plan_is_not_behind_its_draft_when_the_clock_was_set_back(desk):
    draft = desk.draft(people=3)
    desk.clock.skip(hours=-1)

    batch = desk.submit_draft(draft)

    assert (batch.state, batch.frozen_at) == ("running", draft.changed_at)


def test_freezing_an_unchanged_draft_gives_the_same_digest(desk):
    draft = desk.draft(people=3, reason="Policy DP-14")

    first = desk.review(draft)
    assert (first.reason, desk.review(draft).plan_digest) == ("Policy DP-14", first.plan_digest)


def test_freeze_skips_people_who_have_the_item_unless_it_assigns_again(desk):
    draft = desk.draft(people=1)
    content = draft.picked_contents.get().content
    owner = Learner.objects.filter(remote_assignments__content=content, is_active=True).first()
    if owner is None:
        owner = draft.picked_learners.get().learner
        owner.remote_assignments.create(
            account=desk.account, remote_id="x", content=content, first_seen_at=desk.clock()
        )
    draft.picked_learners.get_or_create(learner=owner)

    skipped = desk.review(draft).assignments.get(learner=owner)
    assert (skipped.state, skipped.problem) == ("skipped", plan_rows.ALREADY_ASSIGNED)

    draft.assigns_again = True
    draft.save()
    assert desk.review(draft).assignments.get(learner=owner).state == "planned"


def test_freeze_skips_inactive_people(desk):
    draft = desk.draft(people=2)
    left = draft.picked_learners.first().learner
    Learner.objects.filter(pk=left.pk).update(is_active=False)

    row = desk.review(draft).assignments.get(learner=left)

    assert (row.state, row.problem) == ("skipped", plan_rows.INACTIVE)


def test_freeze_skips_what_another_batch_is_assigning(desk):
    draft = desk.draft(people=2)
    desk.submit(people=1)

    plan = desk.review(draft)

    assert sorted(plan.assignments.values_list("state", "problem")) == [
        ("planned", ""),
        ("skipped", plan_rows.BEING_ASSIGNED),
    ]


def test_freeze_refuses_a_past_due_date(desk):
    with pytest.raises(frozen_plan.PlanRefused) as refusal:
        desk.review(desk.draft(due_date=date(2026, 1, 1)))

    assert refusal.value.problems == (("due_date", "Choose a due date that is today or later."),)


def test_freeze_refuses_a_due_time_of_today_that_has_passed(desk, settings):
    settings.TIME_ZONE = "UTC"
    now = desk.clock()

    with pytest.raises(frozen_plan.PlanRefused) as refusal:
        desk.review(desk.draft(due_date=now.date(), due_time=time(0, 0)))

    assert refusal.value.problems == (("due_time", "Choose a due time that is later than now."),)


def test_freeze_refuses_a_due_time_that_clocks_skip_also_for_a_row_of_a_file(desk, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    draft = desk.draft(due_time=time(2, 30))
    key = {"learner_id": draft.picked_learners.earliest("pk").learner_id}
    key |= {"content_id": draft.picked_contents.get().content_id}
    DraftRow.objects.create(draft=draft, **key, due_date=date(2027, 3, 28))

    with pytest.raises(frozen_plan.PlanRefused) as refusal:
        desk.review(draft)

    sentence = (
        "The clocks go forward on 28 March 2027, so 02:30 does not exist. Choose 03:30, for "
        "example."
    )
    assert refusal.value.problems == (("due_time", sentence),)


def test_freeze_refuses_an_empty_draft(desk):
    with pytest.raises(frozen_plan.PlanRefused) as refusal:
        desk.review(desk.draft(people=0, items=0))

    assert refusal.value.problems == (
        ("content", "Choose at least one course, video or path."),
        ("people", "Choose at least one person."),
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"is_active": False}, "it is retired in the LMS.", id="retired"),
        pytest.param(
            {"external_reference": ""},
            "it has no external reference in the LMS, which creating an assignment needs.",
            id="no external reference",
        ),
    ],
)
def test_freeze_refuses_content_that_cannot_be_assigned(desk, change, reason):
    draft = desk.draft()
    content = draft.picked_contents.get().content
    Content.objects.filter(pk=content.pk).update(**change)

    with pytest.raises(frozen_plan.PlanRefused) as refusal:
        desk.review(draft)

    assert refusal.value.problems == (("content", f"Remove {content}: {reason}"),)


def test_freeze_refuses_more_rows_than_a_batch_may_have(desk, monkeypatch):
    monkeypatch.setattr(frozen_plan, "MAX_ROWS", 5)

    with pytest.raises(frozen_plan.PlanRefused, match="at most 5 rows"):
        desk.review(desk.draft(people=3, items=2))


def test_first_request_is_what_will_be_sent(desk, settings):
    plan = desk.review(desk.draft(people=1, status="in_progress", progress=40))
    row = plan.assignments.get()

    call = frozen_plan.first_request(plan)
    assert call is not None

    assert (call.method, call.headers) == (
        "POST",
        {"Authorization": "(hidden)", "x-account-id": "sandbox"},
    )
    assert call.url == (
        f"{settings.STACKONE_BASE_URL}/unified/lms/users/{row.learner_remote_id}/assignments"
    )
    assert call.body == {
        "learning_object_external_reference": row.content_reference,
        "learning_object_id": row.content_remote_id,
        "due_date": "2027-01-15T23:59:59.000Z",
        "status": {"value": "in_progress"},
        "progress": 40,
    }


def test_submitting_twice_creates_one_batch(desk):
    draft = desk.draft()
    plan = desk.review(draft)

    first, second = submit(desk, draft, plan), submit(desk, draft, plan)

    assert (first.pk, Batch.objects.count()) == (second.pk, 1)
    assert LogEntry.objects.filter(action="batch.submitted").count() == 1


@pytest.mark.parametrize(
    ("to_send", "seconds"),
    [pytest.param(3, 10, id="a few people"), pytest.param(12, 30, id="many people")],
)
def test_submit_starts_after_the_grace_period(desk, monkeypatch, to_send, seconds):
    monkeypatch.setattr(grace_period, "LARGE_BATCH", 10)
    draft = desk.draft(people=to_send)

    batch = submit(desk, draft, desk.review(draft))

    assert batch.state == "waiting"
    assert (batch.starts_at - batch.submitted_at).total_seconds() == seconds


def test_submit_refuses_a_plan_that_was_not_the_one_seen(desk):
    draft = desk.draft()
    seen = desk.review(draft)
    others = Content.objects.filter(is_active=True).exclude(external_reference="")
    other = others.exclude(pk__in=draft.picked_contents.values("content")).earliest("pk")
    DraftContent.objects.create(draft=draft, content=other)
    desk.review(draft)

    with pytest.raises(submission.SubmissionRefused, match="changed since you looked"):
        submit(desk, draft, seen)


@pytest.mark.parametrize(
    "is_delivered", [pytest.param(False, id="moving"), pytest.param(True, id="created")]
)
def test_submit_refuses_rows_that_another_batch_assigns_since_the_review(desk, is_delivered):
    own_draft, other_draft = desk.draft(people=2), desk.draft(people=1)
    plan = desk.review(own_draft)
    other = submit(desk, other_draft, desk.review(other_draft))
    if is_delivered:
        desk.clock.skip(seconds=11)
        desk.deliver()
        other.refresh_from_db()
        assert other.state == "done"

    with pytest.raises(submission.SubmissionRefused, match=r"Priya Mehta .* began to assign 1 of"):
        submit(desk, own_draft, plan)

    again = desk.review(own_draft)
    assert sorted(again.assignments.values_list("state", flat=True)) == ["planned", "skipped"]
    assert submit(desk, own_draft, again).state == "waiting"


def test_submit_may_assign_again_what_another_batch_assigns(desk):
    own_draft, other_draft = desk.draft(people=1, assigns_again=True), desk.draft(people=1)
    plan = desk.review(own_draft)
    submit(desk, other_draft, desk.review(other_draft))

    assert submit(desk, own_draft, plan).state == "waiting"


def test_submit_refuses_completed_without_a_confirmation(desk):
    draft = desk.draft(status="completed")
    plan = desk.review(draft)

    with pytest.raises(submission.SubmissionRefused, match="Confirm that these people"):
        submit(desk, draft, plan)

    assert submit(desk, draft, plan, confirms_completed=True).state == "approval"


def test_submit_refuses_when_nothing_would_be_sent(desk):
    draft = desk.draft(people=1)
    Learner.objects.update(is_active=False)
    plan = desk.review(draft)

    with pytest.raises(submission.SubmissionRefused, match="everybody is skipped"):
        submit(desk, draft, plan)


def test_submit_refuses_a_draft_that_was_never_reviewed(desk):
    draft = desk.draft()

    with pytest.raises(submission.SubmissionRefused, match="Review it again"):
        submit(desk, draft, Batch(plan_digest=uuid.uuid4().hex))


def test_submit_is_rolled_back_if_the_log_cannot_be_written(desk, monkeypatch):
    draft = desk.draft()
    plan = desk.review(draft)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE assignments_logentry RENAME TO out_of_reach")

    with pytest.raises(DatabaseError), transaction.atomic():
        submit(desk, draft, plan)

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE out_of_reach RENAME TO assignments_logentry")
    plan.refresh_from_db()
    draft.refresh_from_db()
    assert (plan.state, draft.is_submitted) == ("planned", False)
    assert set(Assignment.objects.values_list("state", flat=True)) == {"planned"}
