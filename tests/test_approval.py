"""Decisions about a batch that waits for another manager: approve, reject, withdraw, expire."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from assignments.audit.entries.actors import SYSTEM
from assignments.models import Approval, Batch, LogEntry
from assignments.services.batches import control, withdrawal
from assignments.services.batches.control import ControlRefused
from assignments.services.planning import frozen_plan
from assignments.services.submitting import (
    approval,
    grace_period,
)
from tests.approval_fixtures import (
    LATER,
    change_a_row,
    decide,
    entry,
    make_second,
    make_waiting,
    release,
    submit,
)
from tests.conftest import NOON
from tests.factories import make_actor, make_learner

pytestmark = pytest.mark.django_db


def test_approve_begins_the_grace_period_and_stores_who_when_why_and_the_digest(settings):
    settings.GRACE_SECONDS = 10
    batch, daniel = make_waiting(), make_second()

    decide(batch, daniel, why="Checked with HR")

    assert (batch.state, batch.starts_at) == ("waiting", LATER + timedelta(seconds=10))
    logged = entry("batch.approved")
    assert (logged["actor"]["ref"], logged["at"]) == (
        f"user/{daniel.pk}",
        "2026-11-23T14:00:00.000000Z",
    )
    assert logged["detail"] == {
        "counts": {"planned": 2},
        "plan_digest": batch.plan_digest,
        "starts_at": "2026-11-23T14:00:10+00:00",
        "reason": "Checked with HR",
    }
    request = Approval.objects.get()
    assert (
        request.decision,
        request.decided_by,
        request.decided_at,
    ) == ("approved", daniel, LATER)
    release(batch, now=LATER + timedelta(seconds=9))
    assert batch.state == "waiting"
    release(batch, now=LATER + timedelta(seconds=10))
    assert batch.state == "running"


@pytest.mark.parametrize(
    ("delay", "starts"),
    [
        pytest.param(timedelta(days=1), timedelta(days=1), id="later than the hold"),
        pytest.param(timedelta(hours=1), timedelta(hours=2, seconds=30), id="passed by then"),
    ],
)
def test_approve_keeps_a_chosen_start_but_not_before_the_grace_period_ends(
    settings, monkeypatch, delay, starts
):
    settings.GRACE_SECONDS = 10
    monkeypatch.setattr(grace_period, "LARGE_BATCH", 1)
    batch = make_waiting(starts_at=NOON + delay)

    decide(batch, make_second())

    assert batch.starts_at == NOON + starts


def change_the_terms(batch):
    Batch.objects.filter(pk=batch.pk).update(status="completed")


def change_the_hash(batch):
    Batch.objects.filter(pk=batch.pk).update(plan_digest="f" * 64)


def let_the_due_date_pass(batch):
    Approval.objects.update(expires_at=LATER + timedelta(days=99))


@pytest.mark.parametrize(
    ("change", "more", "sentence"),
    [
        pytest.param(change_a_row, {}, "not the ones that were submitted", id="a row"),
        pytest.param(change_the_terms, {}, "not the ones that were submitted", id="the terms"),
        pytest.param(change_the_hash, {}, "not the plan that you looked at", id="the hash"),
        pytest.param(
            change_the_hash,
            {"plan_digest": "f" * 64},
            "not the ones that were submitted",
            id="the hash, as shown",
        ),
        pytest.param(
            let_the_due_date_pass,
            {"now": LATER + timedelta(days=60)},
            "due date has passed",
            id="the due date",
        ),
        pytest.param(
            lambda _: None,
            {"now": NOON + timedelta(hours=72)},
            "has to be submitted again",
            id="time",
        ),
    ],
)
def test_approve_refuses_a_plan_that_was_not_seen_or_not_submitted(change, more, sentence):
    batch = make_waiting(due_date=(LATER + timedelta(days=30)).date())
    change(batch)

    with pytest.raises(ControlRefused, match=sentence):
        decide(batch, make_second(), **more)

    batch.refresh_from_db()
    assert (batch.state, Approval.objects.get().decision) == ("approval", "")


def test_a_changed_plan_needs_an_approval_of_its_own():
    batch = make_waiting()
    daniel = make_second()
    decide(batch, daniel)
    draft_pk = batch.submission_key
    control.undo(batch=batch, by=make_actor(batch.by), now=LATER)
    draft = batch.by.drafts.get(pk=draft_pk)
    draft.picked_learners.create(learner=make_learner())

    again = submit(draft, now=LATER)

    assert (again.state, again.plan_digest == batch.plan_digest) == ("approval", False)
    with pytest.raises(ControlRefused, match="not the plan that you looked at"):
        decide(again, daniel, plan_digest=batch.plan_digest)


def test_reject_returns_the_draft_and_stores_the_reason():
    batch, daniel = make_waiting(), make_second()
    draft_pk = batch.submission_key

    approval.reject(batch=batch, by=make_actor(daniel), now=LATER, why="Wrong course")

    batch.refresh_from_db()
    assert (batch.state, batch.finished_at) == ("rejected", LATER)
    assert set(batch.assignments.values_list("state", flat=True)) == {"cancelled"}
    draft = batch.by.drafts.get(pk=draft_pk)
    assert not draft.is_submitted
    logged = entry("batch.rejected")
    assert (logged["actor"]["ref"], logged["detail"]["reason"]) == (
        f"user/{daniel.pk}",
        "Wrong course",
    )
    assert logged["detail"]["plan_digest"] == batch.plan_digest
    assert (
        frozen_plan.freeze(draft=draft, now=LATER).assignments.filter(state="planned").count() == 2
    )


@pytest.mark.parametrize("why", ["", "   "])
def test_reject_needs_a_reason(why):
    batch = make_waiting()

    with pytest.raises(ControlRefused, match="Say why you reject it"):
        approval.reject(batch=batch, by=make_actor(make_second()), now=LATER, why=why)

    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(decision="rejected", decided_at=LATER, decided_by=make_second())


def test_only_the_submitter_withdraws():
    batch, daniel = make_waiting(), make_second()

    for somebody in (make_actor(daniel), SYSTEM):
        with pytest.raises(ControlRefused, match="Only Priya Mehta can withdraw it"):
            approval.withdraw(batch=batch, by=somebody, now=LATER)
    approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER, why="Too early")

    batch.refresh_from_db()
    assert (batch.state, Approval.objects.get().decision) == ("cancelled", "withdrawn")
    assert entry("batch.withdrawn")["detail"]["reason"] == "Too early"
    with pytest.raises(ControlRefused, match="no longer waits"):
        decide(batch, daniel)


def test_expire_ends_a_batch_that_nobody_decided_about_in_time():
    batch, fresh = make_waiting(), make_waiting()
    Approval.objects.filter(batch=fresh).update(expires_at=NOON + timedelta(hours=99))

    assert approval.expire_due(now=NOON + timedelta(hours=71)) == 0
    assert approval.expire_due(now=NOON + timedelta(hours=72)) == 1

    batch.refresh_from_db()
    fresh.refresh_from_db()
    assert (batch.state, fresh.state) == ("expired", "approval")
    logged = entry("batch.expired")
    assert (logged["actor"]["ref"], logged["detail"]["plan_digest"]) == (
        "system",
        batch.plan_digest,
    )
    assert batch.by.drafts.filter(is_submitted=False).count() == 1
    assert approval.expire_due(now=NOON + timedelta(hours=73)) == 0


def test_expire_leaves_a_batch_that_was_decided_meanwhile():
    batch = make_waiting()
    decide(batch, make_second())
    Approval.objects.update(decision="", decided_by=None)

    assert approval.expire_due(now=NOON + timedelta(hours=72)) == 0
    batch.refresh_from_db()
    assert batch.state == "waiting"


def test_rows_of_an_expired_batch_are_withdrawn_by_the_system(monkeypatch):
    batch = make_waiting()
    monkeypatch.setattr(withdrawal, "CHUNKS_AT_ONCE", 0)
    approval.expire_due(now=NOON + timedelta(hours=72))
    monkeypatch.undo()

    withdrawal.finish(now=NOON + timedelta(hours=73))

    assert set(batch.assignments.values_list("state", flat=True)) == {"cancelled"}
    entries = LogEntry.objects.filter(action="assignment.cancelled")
    assert set(entries.values_list("actor", flat=True)) == {"system"}
