"""Four eyes: which batches wait, who decides about them, and that nothing leaves before."""

import json
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Approval, Assignment, Batch, Content, Learner, LogEntry
from assignments.queries.approvals import approvers, batches_awaiting, possibly_split_batches
from assignments.queries.formatting import moment
from assignments.queries.plan_changes import NamedPeople, PlanChanges
from assignments.services.batches import control, late_duplicates, withdrawal
from assignments.services.batches.control import ControlRefused
from assignments.services.batches.release import release_due
from assignments.services.picking import batch_copy
from assignments.services.planning import frozen_plan
from assignments.services.sending import claims
from assignments.services.submitting import (
    approval,
    approval_policy,
    grace_period,
    mandatory_content,
    submission,
)
from tests.approval_fixtures import LATER, make_draft, make_second, make_waiting, submit
from tests.concurrency import run_concurrently
from tests.conftest import NOON
from tests.factories import make_account, make_actor, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
OWN_BATCH = "You submitted it, so another manager has to decide. You can withdraw it."


def decide(batch, user, *, now=LATER, **more):
    """Approve the batch's plan as somebody."""
    values = {"plan_digest": batch.plan_digest, "by": make_actor(user), "now": now}
    approval.approve(batch=batch, **values | more)
    batch.refresh_from_db()


def entry(action):
    """Return the one entry of an action."""
    return json.loads(bytes(LogEntry.objects.get(action=action).body))


def release(batch, *, now):
    """Let the worker start what is due."""
    release_due(account=batch.account, now=now)
    batch.refresh_from_db()


@pytest.mark.parametrize(
    ("terms", "threshold", "reasons"),
    [
        pytest.param({}, None, [], id="nothing special"),
        pytest.param({}, 2, [], id="as many rows as may be"),
        pytest.param({}, 1, ["It has 2 rows (people x items), more than 1."], id="one row more"),
        pytest.param(
            {"status": "completed"},
            None,
            ["It tells the LMS that people have completed it."],
            id="completed",
        ),
        pytest.param(
            {"is_mandatory": True}, None, ["Fire Safety is marked as mandatory."], id="mandatory"
        ),
    ],
)
def test_reasons_say_why_a_plan_needs_approval(settings, terms, threshold, reasons):
    settings.APPROVAL_THRESHOLD = threshold
    is_mandatory = terms.pop("is_mandatory", False)
    draft = make_draft(owner=make_user(), **terms)
    Content.objects.update(is_mandatory=is_mandatory)

    batch = submit(draft)

    assert approval_policy.reasons(batch, now=NOON) == reasons
    assert batch.state == ("approval" if reasons else "waiting")
    assert Approval.objects.filter(batch=batch, approval_reasons=reasons).exists() == bool(reasons)


@pytest.mark.parametrize(
    ("days_ago", "is_own", "needs_approval"),
    [
        pytest.param(6, False, True, id="a few days ago"),
        pytest.param(7, False, False, id="a week ago"),
        pytest.param(400, True, True, id="by the submitter, long ago"),
    ],
)
def test_an_item_counts_as_mandatory_for_some_days_after_its_mark_was_removed(
    days_ago, is_own, needs_approval
):
    priya, admin = make_user(), make_user("admin")
    draft = make_draft(owner=priya)
    unmarked_at = NOON - timedelta(days=days_ago)
    mandatory_content.set_mandatory(
        content=Content.objects.get(),
        is_mandatory=False,
        by=make_actor(priya if is_own else admin),
        now=unmarked_at,
    )

    batch = submit(draft)

    sentence = f"Fire Safety was marked as mandatory until {moment(unmarked_at)}."
    assert approval_policy.reasons(batch, now=NOON) == [sentence] * needs_approval
    assert batch.state == ("approval" if needs_approval else "waiting")


def test_an_item_that_is_marked_again_is_mandatory():
    content, by = make_content(is_mandatory=True), make_actor(make_user("admin"))

    for is_mandatory in (False, True):
        mandatory_content.set_mandatory(content=content, is_mandatory=is_mandatory, by=by, now=NOON)

    content.refresh_from_db()
    assert (content.is_mandatory, content.unmarked_at, content.unmarked_by) == (True, None, "")


def test_a_mandatory_item_whose_rows_are_all_skipped_needs_no_approval():
    batch = submit(make_draft(owner=make_user()))
    Assignment.objects.update(state="skipped", problem="Skipped.", settled_at=NOON)

    assert approval_policy.reasons(batch, now=NOON) == []


def test_submission_stores_the_request_and_the_chosen_start(settings):
    settings.APPROVAL_HOURS = 5
    batch = make_waiting(starts_at=NOON + timedelta(days=1))

    request = batch.approval
    assert str(request) == f"Approval of {batch}"
    assert batch.starts_at == NOON + timedelta(days=1)
    assert (request.expires_at, request.plan_digest) == (
        NOON + timedelta(hours=5),
        batch.plan_digest,
    )
    assert entry("batch.submitted")["detail"]["approval"] == {
        "reasons": ["Fire Safety is marked as mandatory."],
        "expires_at": "2026-11-23T17:00:00+00:00",
    }


@pytest.mark.parametrize(
    "act",
    [control.undo, control.hold, control.start_now, control.pause, control.resume, control.stop],
)
def test_a_batch_that_waits_for_approval_refuses_every_other_action(act):
    batch = make_waiting()

    with pytest.raises(ControlRefused, match="waits for another manager's approval"):
        act(batch=batch, by=make_actor(batch.by), now=LATER)

    batch.refresh_from_db()
    assert batch.state == "approval"


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


def other_issuer(priya):
    """Return the account of the same subject that an older spelling of the issuer left."""
    return make_user(issuer=f"{priya.issuer}/", subject=priya.subject, email="p@northwind.example")


def other_subject(priya):
    """Return an account with the same address in capitals."""
    return make_user(email=priya.email.upper())


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(lambda priya: priya, id="the same account"),
        pytest.param(other_issuer, id="a second account of the same subject"),
        pytest.param(other_subject, id="a second account with the same address"),
    ],
)
def test_the_submitter_cannot_decide_with_any_of_their_accounts(account):
    batch = make_waiting()
    same = account(batch.by)

    for act, more in (
        (approval.approve, {"plan_digest": batch.plan_digest}),
        (approval.reject, {}),
    ):
        with pytest.raises(ControlRefused) as refusal:
            act(batch=batch, by=make_actor(same), now=LATER, why="Mine", **more)
        assert str(refusal.value) == OWN_BATCH
    assert not batches_awaiting(same).exists()
    assert list(batches_awaiting(make_second())) == [batch]
    assert same not in approvers(batch)


@pytest.mark.parametrize(
    ("who", "digest", "problem"),
    [
        pytest.param("submitter", "", OWN_BATCH, id="the submitter"),
        pytest.param(
            "second",
            "0" * 64,
            "This is not the plan that you looked at. Look at it again.",
            id="another plan",
        ),
    ],
)
def test_a_refused_attempt_to_approve_is_recorded(who, digest, problem):
    batch = make_waiting()
    user = batch.by if who == "submitter" else make_second()

    with pytest.raises(ControlRefused):
        decide(batch, user, plan_digest=digest or batch.plan_digest)

    refused = entry("batch.approval_refused")
    assert refused["actor"]["ref"] == f"user/{user.pk}"
    assert (refused["batch"], refused["result"]) == (f"batch/{batch.pk}", "refused")
    assert refused["detail"] == {"problem": problem}
    assert Approval.objects.get().decision == ""


def test_one_subject_cannot_have_two_accounts():
    priya = make_user()

    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(issuer=priya.issuer, subject=priya.subject)


def test_a_constraint_refuses_a_decision_of_the_submitter():
    batch = make_waiting()

    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(decision="approved", decided_at=LATER, decided_by=batch.by)


def test_who_may_approve_are_managers_of_the_account(settings):
    settings.ACCOUNT_GROUPS = {"sandbox": ["eu"]}
    batch = make_waiting()
    eva = make_second(name="Eva", email="eva@northwind.example", groups=["eu"])
    daniel = make_second(groups=["us"])
    gone = make_second(name="Gone", email="gone@northwind.example", groups=["eu"], is_active=False)

    assert approvers(batch) == [eva]
    for nobody in (daniel, gone, make_user("auditor", groups=["eu"])):
        assert not batches_awaiting(nobody).exists()
        with pytest.raises(ControlRefused, match="Only managers who may assign in this account"):
            decide(batch, nobody)
    assert list(batches_awaiting(eva)) == [batch]


@pytest.mark.parametrize("ref", ["system", "user/99999", "operator/root"])
def test_only_people_decide(ref):
    batch = make_waiting()

    with pytest.raises(ControlRefused, match="Only people decide"):
        approval.reject(batch=batch, by=Actor(ref=ref, means="worker"), now=LATER, why="No")


def change_a_row(batch):
    Assignment.objects.filter(batch=batch, position=1).update(learner_remote_id="somebody-else")


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


def claimable(batch):
    """Return how many rows a sender would get."""
    due = claims.due(account=batch.account, count=9, turn=0, now=LATER)
    return len(claims.claim(due, sender="s-1", now=LATER))


def test_delivery_sends_no_batch_without_approval():
    batch = make_waiting()
    Batch.objects.filter(pk=batch.pk).update(state="waiting", starts_at=NOON)

    release(batch, now=LATER)
    assert (batch.state, batch.pause_reason) == (
        "paused",
        "Nobody but its submitter approved this plan.",
    )
    # Somebody who writes to the tables gets no further.
    Batch.objects.filter(pk=batch.pk).update(state="running", started_at=NOON, pause_reason="")
    assert claimable(batch) == 0
    batch.refresh_from_db()
    assert batch.state == "paused"


def test_delivery_ignores_approvals_of_another_digest_or_by_the_submitter():
    batch = make_waiting()
    daniel = make_second()
    with transaction.atomic():
        for user, sha256 in ((daniel, "f" * 64), (batch.by, batch.plan_digest)):
            event = Event(
                action="batch.approved",
                subject=f"batch/{batch.pk}",
                detail={"plan_digest": sha256},
            )
            record(event, by=make_actor(user), at=NOON)
    Batch.objects.filter(pk=batch.pk).update(state="running", started_at=NOON)

    assert claimable(batch) == 0


def test_delivery_sends_approved_rows_but_none_changed_since():
    batch = make_waiting()
    decide(batch, make_second())
    release(batch, now=LATER + timedelta(minutes=1))
    change_a_row(batch)

    assert claimable(batch) == 1
    batch.refresh_from_db()
    assert (batch.state, "1 row was changed after the review" in batch.pause_reason) == (
        "paused",
        True,
    )


def got(batch, learner, *, after=timedelta(minutes=5)):
    """Let somebody get the item elsewhere after the review."""
    learner.remote_assignments.create(
        account=batch.account,
        remote_id=f"r-{learner.pk}",
        content=Content.objects.get(),
        first_seen_at=NOON + after,
    )


def test_drift_names_people_who_left_or_got_the_item_and_changed_content():
    batch = make_waiting(people=3)
    first, second, third = Learner.objects.order_by("pk")
    assert PlanChanges(batch.approval).is_none
    got(batch, first)
    got(batch, third, after=timedelta(minutes=-5))
    Learner.objects.filter(pk=second.pk).update(is_active=False)
    Content.objects.update(title="Fire Safety 2027")

    drift = PlanChanges(batch.approval)
    assert (drift.left, drift.got) == (NamedPeople(1, [str(second)]), NamedPeople(1, [str(first)]))
    assert drift.changed == ["Fire Safety 2027 (was: Fire Safety)"]
    assert (drift.gone, drift.is_none, drift.is_again) == ([], False, False)


@pytest.mark.parametrize(
    ("change", "gone", "changed"),
    [
        pytest.param({"is_active": False}, ["Fire Safety"], [], id="retired"),
        pytest.param({"fingerprint": "1:f2"}, [], ["Fire Safety"], id="described otherwise"),
        pytest.param({"fingerprint": "2:f1"}, [], [], id="a fingerprint of another version"),
    ],
)
def test_drift_names_content_that_is_retired_or_changed(change, gone, changed):
    batch = make_waiting()
    Content.objects.update(**change)

    drift = PlanChanges(batch.approval)
    assert (drift.gone, drift.changed) == (gone, changed)
    assert drift.is_none == (not gone and not changed)


@pytest.mark.parametrize(
    ("assigns_again", "states"),
    [
        pytest.param(False, ["skipped", "planned"], id="skipped"),
        pytest.param(True, ["planned", "planned"], id="unless asked for"),
    ],
)
def test_people_who_got_the_item_before_the_approval_are_skipped(assigns_again, states):
    batch = make_waiting(assigns_again=assigns_again)
    got(batch, batch.assignments.get(position=1).learner)
    decide(batch, make_second())

    release(batch, now=LATER + timedelta(minutes=1))

    rows = batch.assignments.order_by("position")
    assert (batch.state, list(rows.values_list("state", flat=True))) == ("running", states)
    problems = LogEntry.objects.filter(action="assignment.skipped")
    assert problems.count() == states.count("skipped")


def test_a_batch_whose_people_all_got_the_item_is_done(monkeypatch):
    monkeypatch.setattr(late_duplicates, "CHUNK", 1)
    batch = make_waiting()
    for row in batch.assignments.all():
        got(batch, row.learner)
    decide(batch, make_second())

    release(batch, now=LATER + timedelta(minutes=1))

    rows = batch.assignments.values_list("state", "problem")
    assert (batch.state, set(rows)) == ("done", {("skipped", late_duplicates.LATE_DUPLICATE)})


def both(first, second):
    """Do two things at the same time, each over a connection of its own; return how each ended."""
    ended, together = [], threading.Barrier(2)

    def run(act):
        together.wait()
        try:
            act()
        except ControlRefused as refusal:
            ended.append(str(refusal))
        else:
            ended.append("done")

    run_concurrently(partial(run, first), partial(run, second))
    return sorted(ended)


@pytest.mark.parametrize("other", ["approve", "reject", "withdraw", "expire"])
def test_of_two_concurrent_decisions_one_is_refused(transactional_db, other):
    batch, daniel, eva = make_waiting(), make_second(), make_user(name="Eva", email="eva@x.example")
    Account.objects.exclude(pk=make_account().pk).delete()
    acts = {
        "approve": lambda: decide(Batch.objects.get(pk=batch.pk), eva),
        "reject": lambda: approval.reject(
            batch=batch, by=make_actor(eva), now=LATER, why="Wrong course"
        ),
        "withdraw": lambda: approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER),
        "expire": lambda: approval.expire_due(now=NOON + timedelta(hours=72)),
    }

    ended = both(lambda: decide(Batch.objects.get(pk=batch.pk), daniel), acts[other])

    decisions = LogEntry.objects.filter(
        action__in=["batch.approved", "batch.rejected", "batch.withdrawn", "batch.expired"]
    )
    assert decisions.count() == 1
    if other == "expire":
        assert ended in (["done", "done"], [approval.NOT_WAITING, "done"])
    else:
        assert ended == [approval.NOT_WAITING, "done"]


def test_a_second_tab_that_approves_at_the_same_time_is_refused(transactional_db):
    batch, daniel = make_waiting(), make_second()
    locked, ended = threading.Event(), []

    def second_tab():
        locked.wait()
        try:
            approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER)
        except ControlRefused as refusal:
            ended.append(str(refusal))
        connection.close()

    tab = threading.Thread(target=second_tab)
    tab.start()
    with transaction.atomic():
        approval.approve(
            batch=batch, plan_digest=batch.plan_digest, by=make_actor(daniel), now=LATER
        )
        locked.set()
        # The other tab gets as far as the lock meanwhile.
        tab.join(0.3)
        assert ended == []
    tab.join()

    batch.refresh_from_db()
    assert (ended, batch.state) == ([approval.NOT_WAITING], "waiting")


def test_submitting_twice_requests_one_approval():
    draft = make_draft(owner=make_user())
    first = submit(draft)

    again = submission.submit(
        draft=draft,
        plan_digest=first.plan_digest,
        reason="",
        confirms_completed=True,
        by=make_actor(draft.owner),
        now=LATER,
    )

    assert (again, Approval.objects.count()) == (first, 1)


def test_a_batch_that_waits_for_approval_blocks_duplicates():
    batch = make_waiting()
    user = make_second()
    copy = batch_copy.copy_to_draft(batch=batch, owner_pk=user.pk, now=LATER)

    plan = frozen_plan.freeze(draft=copy, now=LATER)
    assert set(plan.assignments.values_list("state", flat=True)) == {"skipped"}

    approval.reject(batch=batch, by=make_actor(user), now=LATER, why="I do it")
    plan = frozen_plan.freeze(draft=copy, now=LATER)
    assert set(plan.assignments.values_list("state", flat=True)) == {"planned"}
    assert get_user_model().objects.count() == 2


def submit_parts(owner, *, hours, sizes=(2, 2), **contents):
    """Return batches of the same item that a manager submits some hours apart."""
    batches: list[Batch] = []
    for number, size in enumerate(sizes):
        draft = make_draft(owner=owner, people=size)
        Content.objects.update(is_mandatory=False)
        if number and contents.get("is_same", True):
            draft.picked_contents.update(content=batches[0].assignments.values("content")[:1])
        batches.append(submit(draft, now=NOON + number * timedelta(hours=hours)))
    return batches


@pytest.mark.parametrize(
    ("options", "is_split"),
    [
        pytest.param({"hours": 23}, True, id="within a day"),
        pytest.param({"hours": 24}, False, id="a day apart"),
        pytest.param({"hours": 1, "is_same": False}, False, id="other content"),
        pytest.param({"hours": 1, "sizes": (1, 2)}, False, id="as many rows as may be"),
        pytest.param({"hours": 1, "sizes": (1, 1, 2)}, True, id="in three parts"),
        pytest.param({"hours": 1, "sizes": (4, 2)}, False, id="of which one was approved"),
    ],
)
def test_a_batch_that_may_have_been_split_is_pointed_out(settings, options, is_split):
    settings.APPROVAL_THRESHOLD = 3
    priya, daniel = make_user(), make_second()

    *others, last = submit_parts(priya, **options)

    assert last.split_with == [other.pk for other in others] * is_split
    since = NOON - timedelta(days=1)
    assert list(possibly_split_batches(daniel, since=since)) == [last] * is_split
    for nobody in (priya, make_user("auditor")):
        assert list(possibly_split_batches(nobody, since=since)) == []
    logged = LogEntry.objects.filter(action="batch.split_detected")
    assert [json.loads(bytes(entry.body))["detail"] for entry in logged] == [
        {
            "batches": [f"batch/{other.pk}" for other in others],
            "rows": sum(batch.rows for batch in (*others, last)),
            "limit": 3,
        }
    ] * is_split


def test_parts_of_another_person_or_that_were_undone_do_not_count(settings):
    settings.APPROVAL_THRESHOLD = 3
    priya, daniel = make_user(), make_second()
    (undone,) = submit_parts(priya, hours=0, sizes=[2])
    control.undo(batch=undone, by=make_actor(priya), now=NOON)

    for owner in (daniel, priya):
        draft = make_draft(owner=owner)
        Content.objects.update(is_mandatory=False)
        draft.picked_contents.update(content=undone.assignments.values("content")[:1])
        assert submit(draft).split_with == []
