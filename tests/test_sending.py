"""Delivery against the real sandbox over a socket: every row ends in the state that is true."""

from collections import Counter
from datetime import timedelta

import pytest

from assignments.models import Account, Assignment, Attempt, Batch, Content, Learner, LogEntry
from assignments.models import RemoteAssignment as Held
from assignments.queries import work_due
from assignments.services.sending import claims, leases
from assignments.services.submitting import submission

pytestmark = [pytest.mark.core, pytest.mark.django_db]
UNANSWERED = {"hang", "timeout-after"}


def actions(batch: Batch) -> Counter[str]:
    """Return how often each action stands in the log for the batch."""
    entries = LogEntry.objects.filter(batch=batch.ref)
    return Counter(entries.values_list("action", flat=True))


def test_deliver_creates_every_row_once(desk):
    batch = desk.submit(people=3, items=2)

    desk.deliver()

    batch.refresh_from_db()
    stats = desk.lms.stats(held=True)
    rows = batch.assignments.order_by("position")
    assert desk.states(batch) == ["created"] * 6
    assert (stats["assignments"], stats["duplicates"]) == (6, 0)
    assert {row.remote_id for row in rows} == {held[2] for held in stats["held"]}
    assert (batch.state, batch.finished_at is not None) == ("done", True)
    assert actions(batch) == {
        "batch.submitted": 1,
        "batch.released": 1,
        "calls.started": 1,
        "assignment.created": 6,
        "batch.completed": 1,
    }


def test_deliver_sends_the_due_day_as_utc(desk):
    batch = desk.submit(people=1)

    desk.deliver()

    (held,) = desk.lms.stats(held=True)["held"]
    assert held[3] == "2027-01-15T23:59:59.000Z"
    assert Held.objects.filter(remote_id=batch.assignments.get().remote_id).count() == 1


def test_deliver_names_the_person_behind_the_batch(desk):
    batch = desk.submit(people=1)

    desk.deliver()

    entries = LogEntry.objects.filter(batch=batch.ref)
    assert set(entries.values_list("actor", flat=True)) == {desk.by.ref}
    assert set(entries.values_list("request_id", flat=True)) == {desk.by.request_id}


@pytest.mark.parametrize(
    ("fault", "first_state", "status"),
    [
        pytest.param("429", "queued", 429, id="slow down"),
        pytest.param("500", "unknown", 500, id="server error"),
        pytest.param("502", "unknown", 502, id="bad gateway"),
        pytest.param("408", "unknown", 408, id="the vendor's time is up"),
        pytest.param("reset-before", "unknown", None, id="dropped before it took effect"),
        pytest.param("reset-after", "unknown", None, id="dropped after it took effect"),
        pytest.param("timeout-after", "unknown", None, id="took effect, never answered"),
        pytest.param("hang", "unknown", None, id="never answered, no effect"),
        pytest.param("malformed", "unknown", 201, id="took effect, unreadable answer"),
        pytest.param("wrong-type", "unknown", 201, id="took effect, wrong types"),
    ],
)
def test_deliver_ends_true_after_a_fault(desk, settings, fault, first_state, status):
    settings.SETTLE_SECONDS = 30
    batch = desk.submit(people=1)
    desk.lms.set_faults(script=[fault])
    patience = settings.STACKONE_TIMEOUT_SECONDS
    if fault in UNANSWERED:
        settings.STACKONE_TIMEOUT_SECONDS = 3

    desk.deliver()
    # The later calls are answered, however busy the machine is.
    settings.STACKONE_TIMEOUT_SECONDS = patience
    row = batch.assignments.get()
    assert (row.state, row.attempt, row.response_status) == (first_state, 1, status)

    for _ in range(8):
        desk.clock.skip(seconds=11)
        desk.deliver()

    row.refresh_from_db()
    stats = desk.lms.stats(held=True)
    assert (row.state, row.remote_id) == ("created", stats["held"][0][2])
    assert (stats["assignments"], stats["duplicates"]) == (1, 0)
    assert list(row.attempts.values_list("number", flat=True)) == list(range(1, row.attempt + 1))


def test_deliver_waits_for_a_late_record(desk, settings):
    settings.SETTLE_SECONDS = 60
    batch = desk.submit(people=1)
    desk.lms.set_faults(script=["reset-after"])
    desk.deliver()
    row = batch.assignments.get()
    remote = desk.lms.stats(held=True)["held"][0][2]

    desk.clock.skip(seconds=3)
    desk.deliver()

    row.refresh_from_db()
    assert (row.state, row.remote_id) == ("created", remote)
    assert actions(batch)["assignment.created"] == 1


def test_deliver_sends_again_once_and_then_asks_a_person(desk, settings):
    settings.SETTLE_SECONDS = 10
    batch = desk.submit(people=1)
    desk.lms.set_faults({"500": 1.0})

    for _ in range(12):
        desk.deliver()
        desk.clock.skip(seconds=11)

    row, batch = batch.assignments.get(), Batch.objects.get(pk=batch.pk)
    posts = desk.lms.stats()["requests"]["POST /unified/lms/users/{id}/assignments"]
    assert (row.state, row.read_back_at, row.attempt, row.resends) == ("unknown", None, 2, 1)
    assert (batch.state, posts) == ("done", {"500": 2})


def test_deliver_rejects_what_the_lms_refuses(desk):
    Content.objects.update(external_reference="NO-SUCH-COURSE")
    batch = desk.submit(people=1)

    desk.deliver()

    row = batch.assignments.get()
    assert (row.state, row.attempt) == ("rejected", 1)
    assert row.problem
    assert desk.lms.stats()["assignments"] == 0


def test_deliver_skips_who_left_since_the_review(desk):
    batch = desk.submit(people=2)
    leaver = batch.assignments.order_by("position").first()
    Learner.objects.filter(pk=leaver.learner_id).update(is_active=False)

    desk.deliver()

    leaver.refresh_from_db()
    assert sorted(desk.states(batch)) == ["created", "skipped"]
    assert leaver.problem == "The person has become inactive in the LMS since the review."
    assert actions(batch)["assignment.skipped"] == 1


def test_deliver_pauses_the_account_and_marks_no_row(desk, settings):
    batch = desk.submit(people=3)
    settings.STACKONE_API_KEY = "wrong"

    desk.deliver()

    assert desk.states(batch) == ["queued"] * 3
    last = batch.assignments.latest("position").learner.name
    assert desk.account.pause_reason == (
        f"StackOne refused 3 calls in a row, the last for {last} (401): Unauthorized without a "
        "reason. Check STACKONE_API_KEY and its rights, then resume."
    )
    assert LogEntry.objects.filter(action="account.paused").count() == 1
    assert desk.lms.stats()["assignments"] == 0


def test_deliver_queues_again_what_never_left(desk, settings):
    batch = desk.submit(people=1)
    settings.STACKONE_BASE_URL = "http://127.0.0.1:9"

    desk.deliver()

    row = batch.assignments.get()
    assert (row.state, row.attempt, row.send_at > desk.clock()) == ("queued", 1, True)
    assert desk.account.failing_since is not None

    settings.STACKONE_BASE_URL = desk.lms.base_url
    desk.clock.skip(seconds=61)
    desk.deliver()

    assert (desk.states(batch), desk.account.failing_since) == (["created"], None)


def test_deliver_turns_what_a_lost_sender_left_into_unknown(desk, settings):
    settings.SETTLE_SECONDS = 10
    batch = desk.submit(people=2)
    leases.acquire(desk.account, sender="lost", now=desk.clock())
    claims.claim(
        claims.due(account=desk.account, count=2, turn=0, now=desk.clock()),
        sender="lost",
        now=desk.clock(),
    )
    assert desk.states(batch) == ["sending"] * 2

    desk.deliver()
    assert desk.states(batch) == ["sending"] * 2

    desk.clock.skip(seconds=31)
    desk.deliver()
    assert desk.states(batch) == ["unknown"] * 2
    assert desk.lms.stats()["assignments"] == 0

    for _ in range(6):
        desk.clock.skip(seconds=6)
        desk.deliver()
    assert desk.states(batch) == ["created"] * 2
    assert desk.lms.stats()["duplicates"] == 0
    assert list(Attempt.objects.order_by("assignment", "number").values_list("outcome")) == [
        ("unknown",),
        ("created",),
        ("unknown",),
        ("created",),
    ]


def test_deliver_is_done_by_one_sender_at_a_time(desk):
    batch = desk.submit(people=1)
    assert leases.acquire(desk.account, sender="first", now=desk.clock())

    desk.deliver()
    assert desk.states(batch) == ["planned"]

    leases.release(desk.account, sender="first")
    desk.deliver()
    assert desk.states(batch) == ["created"]


def test_lease_is_lost_when_it_runs_out(desk):
    now = desk.clock()
    assert leases.acquire(desk.account, sender="first", now=now)
    assert not leases.acquire(desk.account, sender="second", now=now + timedelta(seconds=19))
    assert leases.acquire(desk.account, sender="second", now=now + timedelta(seconds=31))
    assert not leases.renew(desk.account, sender="first", now=now + timedelta(seconds=32))
    assert Account.objects.get(pk=desk.account.pk).sender == "second"


def test_a_lease_from_before_the_clock_was_set_back_is_over(desk):
    now = desk.clock()
    assert leases.acquire(desk.account, sender="first", now=now)
    earlier = now - timedelta(hours=1)

    assert work_due.accounts_with_work(now=earlier) == []
    assert leases.acquire(desk.account, sender="second", now=earlier)


def test_deliver_does_not_run_a_plan_that_was_changed(desk):
    draft = desk.draft(people=2)
    plan = desk.review(draft)
    victim = plan.assignments.order_by("position").first()
    Assignment.objects.filter(pk=victim.pk).update(learner_remote_id="somebody-else")
    submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="",
        confirms_completed=False,
        by=desk.by,
        now=desk.clock(),
    )
    desk.clock.skip(seconds=40)
    desk.deliver()

    plan.refresh_from_db()
    assert (plan.state, plan.pause_reason) == (
        "paused",
        "Its rows are not the ones that were reviewed.",
    )
    assert desk.lms.stats()["assignments"] == 0
