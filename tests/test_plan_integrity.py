"""What is sent is what was reviewed, whatever somebody does to the tables of batches meanwhile."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db.models import F, Max
from django.utils import timezone

from assignments.models import (
    Account,
    Assignment,
    Batch,
    Content,
    DraftRow,
    Learner,
    LogEntry,
    PlanDigestInput,
)
from assignments.models.terms import SENT_TEXTS
from assignments.services.batches import control, plan_integrity
from assignments.services.planning.plan_digest import erase_salts, store_digest
from assignments.services.sending import claims
from tests.waiting import HANG_SECONDS

pytestmark = pytest.mark.django_db
POST = "POST /unified/lms/users/{id}/assignments"
LATER = timedelta(days=30)


def posted(desk) -> int:
    """Return how many assignments the LMS was asked to create."""
    return sum(desk.lms.stats()["requests"].get(POST, {}).values())


def other_learner(row: Assignment) -> Learner:
    """Return somebody who is in no plan."""
    return Learner.objects.exclude(assignments__isnull=False).filter(is_active=True).earliest("pk")


ROW_CHANGES = {
    "another person": lambda row: {"learner": other_learner(row)},
    "another person's id": lambda row: {"learner_remote_id": other_learner(row).remote_id},
    "another item": lambda row: {"content": Content.objects.exclude(pk=row.content_id).first()},
    "another reference": lambda row: {"content_reference": "NO-SUCH"},
    "another item's id": lambda row: {"content_remote_id": "c-none"},
    "another due date": lambda row: {"due_at": row.due_at + LATER},
    "no due date": lambda row: {"due_at": None},
    "another place": lambda row: {"position": 99},
}
BATCH_CHANGES = {
    "completed": {"status": "completed"},
    "progress": {"status": "in_progress", "progress": 99},
    "another due date": {"due_at": F("due_at") + LATER},
    "another seal": {"plan_digest": "0" * 64},
    "more rows": {"rows": 4},
    "a time of assignment": {"assigned_at": datetime(2026, 11, 2, tzinfo=UTC)},
    "an external reference": {"external_reference": "HR-1"},
    "another status of the LMS": {"source_status": "done"},
}


@pytest.mark.parametrize("change", [pytest.param(c, id=n) for n, c in ROW_CHANGES.items()])
def test_a_row_that_was_changed_is_never_sent(desk, change):
    batch = desk.submit(people=3)
    row = batch.assignments.order_by("position")[1]
    Assignment.objects.filter(pk=row.pk).update(**change(row))

    desk.deliver()

    row.refresh_from_db()
    batch.refresh_from_db()
    assert (row.state, row.problem, row.attempt) == ("skipped", plan_integrity.CHANGED, 0)
    assert batch.state == "paused"
    assert batch.pause_reason.startswith(
        "Paused automatically: 1 row was changed after the review and not sent."
    )
    assert LogEntry.objects.filter(action="batch.paused", batch=batch.ref).count() == 1
    assert posted(desk) == batch.assignments.filter(state="created").count() == 2


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"attempt": 0}, id="without its attempt"),
        pytest.param({"remote_id": ""}, id="without its id"),
    ],
)
def test_a_created_row_that_is_set_back_is_not_sent_again(desk, trace):
    batch = desk.submit(people=2)
    desk.deliver()
    row = batch.assignments.get(position=1)
    Assignment.objects.filter(pk=row.pk).update(state="planned", **trace)
    Batch.objects.filter(pk=batch.pk).update(state="running", finished_at=None)
    assert posted(desk) == 2

    desk.deliver()

    row.refresh_from_db()
    batch.refresh_from_db()
    assert (row.state, row.problem, batch.state) == ("skipped", plan_integrity.CHANGED, "paused")
    assert posted(desk) == 2


def test_unchanged_rows_are_sent_once_a_person_resumes_the_batch(desk):
    batch = desk.submit(people=3)
    first = batch.assignments.earliest("position")
    # The sender claims one row at a time, so that the others still wait.
    Assignment.objects.filter(pk=first.pk).update(learner_remote_id="somebody-else")
    claims.claim([claims.DueRow(first.pk, first.batch_id)], sender="s", now=desk.clock())
    assert Batch.objects.get(pk=batch.pk).state == "paused"

    control.resume(batch=batch, by=desk.by, now=desk.clock())
    desk.deliver()

    assert desk.states(batch) == ["skipped", "created", "created"]


@pytest.mark.parametrize("change", [pytest.param(c, id=n) for n, c in BATCH_CHANGES.items()])
def test_a_batch_whose_terms_were_changed_sends_nothing(desk, change):
    batch = desk.submit(people=3)
    Batch.objects.filter(pk=batch.pk).update(**change)

    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, posted(desk)) == ("paused", 0)
    assert "its plan is not the one that was reviewed" in batch.pause_reason
    assert desk.states(batch) == ["planned"] * 3


@pytest.mark.parametrize("name", SENT_TEXTS)
def test_a_batch_whose_text_was_erased_after_the_review_sends_nothing(desk, name):
    """The erased text was part of the request that was reviewed."""
    batch = desk.submit(people=2, **{name: '{"approver": "Ayla Demir"}'})
    Batch.objects.filter(pk=batch.pk).update(**{name: '{"approver": "Erased"}'})
    erase_salts(batch.pk, [name])

    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, posted(desk)) == ("paused", 0)
    assert "a text that it sends was erased after the review" in batch.pause_reason


def test_a_batch_that_is_moved_to_another_account_sends_nothing(desk):
    batch = desk.submit(people=2)
    Account.objects.filter(pk=desk.account.pk).update(remote_id="another-lms")

    desk.account.refresh_from_db()
    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, posted(desk)) == ("paused", 0)


def test_a_resumed_batch_with_other_terms_pauses_again(desk):
    batch = desk.submit(people=2)
    Batch.objects.filter(pk=batch.pk).update(status="completed")
    desk.deliver()

    control.resume(batch=batch, by=desk.by, now=desk.clock())
    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, posted(desk)) == ("paused", 0)


def copied(row: Assignment, **changes: object) -> Assignment:
    """Insert another row like this one."""
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def test_a_row_that_was_added_after_the_review_is_never_sent(desk):
    batch = desk.submit(people=2)
    somebody = other_learner(batch.assignments.first())
    last = batch.assignments.aggregate(last=Max("position"))["last"]
    added = copied(
        batch.assignments.first(),
        learner=somebody,
        learner_remote_id=somebody.remote_id,
        position=last + 1,
    )

    desk.deliver()

    added.refresh_from_db()
    assert (added.state, added.problem) == ("skipped", plan_integrity.CHANGED)
    assert posted(desk) == 2


def test_a_row_that_was_to_be_skipped_is_never_sent(desk):
    draft = desk.draft(people=2)
    skipped = draft.picked_learners.latest("pk").learner
    Learner.objects.filter(pk=skipped.pk).update(is_active=False)
    batch = desk.submit_draft(draft)
    Learner.objects.filter(pk=skipped.pk).update(is_active=True)
    batch.assignments.filter(state="skipped").update(state="planned", settled_at=None, problem="")

    desk.deliver()

    row = batch.assignments.get(learner=skipped)
    assert (row.state, row.problem) == ("skipped", plan_integrity.CHANGED)
    assert posted(desk) == 1


def test_a_recomputed_plan_digest_does_not_match_the_log(desk):
    batch = desk.submit(people=2)
    batch.assignments.update(due_at=timezone.now() + LATER)
    PlanDigestInput.objects.filter(batch=batch).delete()
    store_digest(batch)

    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, posted(desk)) == ("paused", 0)


def test_recomputed_row_digests_do_not_match_the_plan_digest(desk):
    batch = desk.submit(people=2)
    batch.assignments.update(content_reference="ANOTHER")
    PlanDigestInput.objects.filter(batch=batch).delete()
    store_digest(Batch.objects.get(pk=batch.pk))
    Batch.objects.filter(pk=batch.pk).update(plan_digest=batch.plan_digest)

    desk.deliver()

    batch.refresh_from_db()
    assert (batch.state, posted(desk)) == ("paused", 0)


def test_a_row_changed_while_unknown_is_left_to_a_person(desk, settings):
    settings.STACKONE_TIMEOUT_SECONDS = 1
    desk.lms.set_faults({"timeout-after": 1.0})
    batch = desk.submit(people=1)
    desk.deliver()
    row = batch.assignments.get()
    assert row.state == "unknown"
    settings.STACKONE_TIMEOUT_SECONDS = HANG_SECONDS
    desk.lms.set_faults({})
    stranger = other_learner(row)
    Assignment.objects.filter(pk=row.pk).update(
        learner=stranger, learner_remote_id=stranger.remote_id
    )

    desk.clock.skip(seconds=3)
    desk.deliver()

    row.refresh_from_db()
    assert (row.state, row.read_back_at, row.problem) == ("unknown", None, plan_integrity.CHANGED)


def test_each_row_is_sent_with_the_due_date_that_was_reviewed(desk):
    draft = desk.draft(people=1, items=2)
    first, second = draft.picked_contents.order_by("pk")
    second.due_date = date(2027, 2, 1)
    second.save()
    learner = draft.picked_learners.get().learner
    third = Content.objects.filter(is_active=True).exclude(external_reference="").order_by("pk")[2]
    DraftRow.objects.create(draft=draft, learner=learner, content=third, due_date=date(2027, 7, 1))
    batch = desk.submit_draft(draft)

    desk.deliver()

    created = LogEntry.objects.filter(action="assignment.created")
    sent = [json.loads(bytes(entry.body))["detail"]["request"] for entry in created]
    dues = {body["learning_object_external_reference"]: body["due_date"] for body in sent}
    assert batch.has_several_due_dates
    assert dues == {
        first.content.external_reference: "2027-01-15T23:59:59.000Z",
        second.content.external_reference: "2027-02-01T23:59:59.000Z",
        third.external_reference: "2027-07-01T22:59:59.000Z",
    }
