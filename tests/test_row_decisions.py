"""Retry failed rows, accept existing records or close rows unconfirmed, each with its entry."""

import json

import pytest

from assignments.models import LogEntry
from assignments.queries import failures
from assignments.services.batches import control, row_decisions
from tests.factories import AT, make_batch
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.django_db

HAS_IT = {"state": "rejected", "response_status": 409, "problem": "Already on the transcript."}
GONE = {"state": "rejected", "response_status": 404, "problem": "No such person."}
RETRY_REFUSED = "None of these rows can be sent again: they are settled or still being processed."
STOPPED = "It was stopped or has not started; copy it to a new draft instead."


def state(batch):
    """Return the batch's state as stored."""
    batch.refresh_from_db()
    return batch.state


def states(batch):
    """Return the states of the batch's rows in the plan's order."""
    return list(batch.assignments.order_by("position").values_list("state", flat=True))


def entries(action):
    """Return the subjects, actors and details of the entries of an action."""
    log_entries = LogEntry.objects.filter(action=action).order_by("seq")
    return [
        (entry.subject, entry.actor, json.loads(bytes(entry.body))["detail"])
        for entry in log_entries
    ]


def test_retry_sends_only_rejected_rows(desk):
    batch = desk.submit(people=2)
    rows = list(batch.assignments.order_by("position"))
    desk.lms.change(rows[0].learner_remote_id, active=False)
    desk.deliver()
    assert desk.states(batch) == ["rejected", "created"]

    desk.lms.change(rows[0].learner_remote_id, active=True)
    assert row_decisions.retry(batch=batch, by=desk.by, now=desk.clock()) == 1
    assert state(batch) == "running"
    desk.deliver()

    assert (state(batch), desk.states(batch)) == ("done", ["created"] * 2)
    assert desk.lms.stats()["duplicates"] == 0
    requeued = LogEntry.objects.get(action="assignment.requeued")
    assert (requeued.actor, requeued.subject) == (desk.by.ref, f"assignment/{rows[0].pk}")


def test_retry_sends_an_undecided_row_again(desk, settings):
    settings.SETTLE_SECONDS = 5
    batch = desk.submit(people=1)
    desk.lms.set_faults({"500": 1.0})
    for _ in range(8):
        desk.deliver()
        desk.clock.skip(seconds=6)
    assert desk.states(batch) == ["unknown"]
    desk.lms.set_faults({})

    row_decisions.retry(batch=batch, by=desk.by, now=desk.clock())
    desk.deliver()

    assert (state(batch), desk.states(batch)) == ("done", ["created"])


def test_retry_of_one_problem_changes_no_other_row():
    batch = make_batch([dict(GONE), dict(HAS_IT), dict(GONE), "rejected"])

    count = row_decisions.retry(
        batch=batch,
        by=PRIYA,
        now=AT,
        why="Synced",
        among=failures.same_failure(404, "No such person."),
    )

    assert (count, state(batch), batch.failures_counted_from) == (2, "running", AT)
    assert states(batch) == ["queued", "rejected", "queued", "rejected"]
    assert [detail["reason"] for _, _, detail in entries("assignment.requeued")] == ["Synced"] * 2


def test_retry_in_groups_decides_about_every_row_once(monkeypatch):
    monkeypatch.setattr(row_decisions, "CHUNK", 2)
    batch = make_batch([dict(GONE) for _ in range(5)])

    assert row_decisions.retry(batch=batch, by=PRIYA, now=AT) == 5

    assert states(batch) == ["queued"] * 5
    assert len(entries("assignment.requeued")) == 5
    assert len(entries("batch.resumed")) == 1


def test_retry_in_a_paused_batch_waits_for_its_resume():
    batch = make_batch([dict(GONE)], state="paused")

    row_decisions.retry(batch=batch, by=PRIYA, now=AT)

    assert (state(batch), states(batch)) == ("paused", ["queued"])


def test_accept_settles_rows_that_the_lms_has_already():
    batch = make_batch([dict(HAS_IT), dict(GONE), dict(HAS_IT)])

    assert row_decisions.accept_existing(batch=batch, by=PRIYA, now=AT, why="Seen in the LMS") == 2

    assert (state(batch), states(batch)) == ("done", ["skipped", "rejected", "skipped"])
    row = batch.assignments.get(position=1)
    problem = "Already on their record, which was accepted."
    assert (row.problem, row.settled_at, row.response_status) == (problem, AT, 409)
    [(subject, actor, detail), _] = entries("assignment.accepted_existing")
    assert (subject, actor) == (f"assignment/{row.pk}", PRIYA.ref)
    assert (detail["problem"], detail["reason"]) == (problem, "Seen in the LMS")


def test_accept_one_row():
    batch = make_batch([dict(HAS_IT), dict(HAS_IT)], state="stopped")
    row = batch.assignments.get(position=2)

    assert (
        row_decisions.accept_existing(
            batch=batch, by=PRIYA, now=AT, among=failures.single_row(row.pk)
        )
        == 1
    )

    assert states(batch) == ["rejected", "skipped"]


def test_close_unconfirmed_settles_rows_that_could_not_be_confirmed():
    looked_up = {"state": "unknown", "read_back_at": AT}
    batch = make_batch(["unknown", looked_up, dict(GONE), "confirmed"])

    assert row_decisions.close_unconfirmed(batch=batch, by=PRIYA, now=AT) == 2

    assert states(batch) == ["skipped", "unknown", "rejected", "skipped"]
    problem = "Closed without confirmation."
    assert batch.assignments.get(position=1).problem == problem
    first, second = entries("assignment.closed_unconfirmed")
    assert (
        (first[1], first[2]["problem"])
        == (second[1], second[2]["problem"])
        == (
            PRIYA.ref,
            problem,
        )
    )


def test_what_the_lms_confirmed_is_never_sent_again():
    batch = make_batch(["confirmed", dict(GONE)])

    assert row_decisions.retry(batch=batch, by=PRIYA, now=AT) == 1

    assert states(batch) == ["confirmed", "queued"]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        pytest.param(row_decisions.retry, RETRY_REFUSED, id="retry"),
        pytest.param(
            row_decisions.accept_existing,
            "Nothing here was refused because the LMS has it already.",
            id="accept existing",
        ),
        pytest.param(
            row_decisions.close_unconfirmed,
            "Nothing here waits for a person to decide.",
            id="close unconfirmed",
        ),
    ],
)
def test_a_decision_that_applies_to_no_row_is_refused(act, sentence):
    moving = {"state": "unknown", "read_back_at": AT}
    batch = make_batch(["created", "sending", moving, "queued", "skipped"], state="running")

    with pytest.raises(control.ControlRefused) as refusal:
        act(batch=batch, by=PRIYA, now=AT)

    assert str(refusal.value) == sentence
    assert states(batch) == ["created", "sending", "unknown", "queued", "skipped"]


def test_a_stopped_batch_is_not_sent_again():
    batch = make_batch([dict(GONE)], state="stopped")

    with pytest.raises(control.ControlRefused) as refusal:
        row_decisions.retry(batch=batch, by=PRIYA, now=AT)

    assert (str(refusal.value), states(batch)) == (STOPPED, ["rejected"])


def test_a_decision_is_rolled_back_with_its_log_entry(monkeypatch):
    batch = make_batch([dict(HAS_IT)])
    monkeypatch.setattr("assignments.audit.log.canonical", None)

    with pytest.raises(TypeError):
        row_decisions.accept_existing(batch=batch, by=PRIYA, now=AT)

    assert states(batch) == ["rejected"]
