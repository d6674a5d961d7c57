"""What the end of a call means for its row and for its account."""

import dataclasses
import logging
from datetime import timedelta

import pytest

from assignments.models import (
    Account,
    Assignment,
    Attempt,
    CallCount,
    Learner,
    LogEntry,
    RemoteAssignment,
)
from assignments.services.calls.call_process import EndedCall
from assignments.services.sending import claims, outcomes, reconciliation
from assignments.services.sending.call_log import log_calls
from assignments.services.sending.record_matching import CLOCK_TOLERANCE
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import HeldBack, NotSent, OutcomeUnknown, RateLimited, Refused
from assignments.stackone.resources import CreatedAssignment
from assignments.stackone.resources import RemoteAssignment as Record
from tests.factories import AT, log_submission, make_batch

pytestmark = pytest.mark.django_db
CREATED = CreatedAssignment(id="R-1", remote_id=None)


@pytest.fixture
def batch():
    """Return a running batch of one row."""
    batch = make_batch(["planned"], state="running")
    log_submission(batch)
    return batch


def claim(batch):
    """Claim the batch's row."""
    rows = claims.due(account=batch.account, count=1, turn=0, now=AT)
    (claimed,) = claims.claim(rows, sender="s-1", now=AT)
    return claimed


def settle(batch, claimed, *results, sender="s-1"):
    """End calls of the claimed row with these results, and return the row."""
    calls = [EndedCall(claimed, result, AT) for result in results]
    outcomes.settle(account=batch.account, sender=sender, calls=calls, now=AT)
    batch.account.refresh_from_db()
    return batch.assignments.get()


def read_back(batch, *records, error=None, responded_at=None):
    """Read the batch's row back from the LMS, which holds these records, and return the row."""
    row = batch.assignments.get()
    job = reconciliation.ReadBack(row.pk, batch.pk, row.read_backs, row.learner_remote_id)
    held = UserAssignments(tuple(map(Record.from_json, records)), 1, responded_at)
    ended = EndedCall(job, error or held, AT)
    reconciliation.settle(account=batch.account, read_backs=[ended], now=AT)
    return batch.assignments.get()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sender": "s-2"}, id="another sender has it"),
        pytest.param({"attempt": 2}, id="it was sent again"),
        pytest.param({"state": "unknown", "unknown_at": AT}, id="it is settled otherwise"),
    ],
)
def test_an_outcome_behind_its_fence_changes_nothing(batch, changes):
    claimed = claim(batch)
    Assignment.objects.update(**changes)
    entries = LogEntry.objects.count()

    row = settle(batch, claimed, CREATED)

    assert (row.remote_id, row.state) == ("", changes.get("state", "sending"))
    assert LogEntry.objects.count() == entries


@pytest.mark.parametrize(
    ("attempt", "error", "seconds"),
    [
        pytest.param(1, NotSent("No connection."), 2, id="the first time"),
        pytest.param(3, NotSent("No connection."), 8, id="twice as long each time"),
        pytest.param(5, NotSent("No connection."), 32, id="the last time below the limit"),
        pytest.param(6, NotSent("No connection."), 60, id="a minute at most"),
        pytest.param(99, NotSent("No connection."), 60, id="a minute for ever"),
        pytest.param(9, RateLimited("Slow down.", retry_after=7), 7, id="as the LMS says"),
        pytest.param(3, RateLimited("Slow down."), 8, id="the LMS does not say when"),
        pytest.param(9, HeldBack("Paused."), 0, id="held back by ourselves"),
    ],
)
def test_what_was_not_sent_is_sent_later(batch, attempt, error, seconds):
    claimed = dataclasses.replace(claim(batch), attempt=attempt)
    claimed.row.attempt = attempt
    Assignment.objects.update(attempt=attempt)

    row = settle(batch, claimed, error)

    assert (row.state, row.attempt, row.send_at - AT) == (
        "queued",
        attempt,
        timedelta(seconds=seconds),
    )


@pytest.mark.parametrize("failing_since", [None, AT], ids=["reachable", "away"])
def test_a_call_that_was_held_back_shows_nothing_about_the_lms(batch, failing_since):
    Account.objects.update(failing_since=failing_since)

    settle(batch, claim(batch), HeldBack("Paused before the request was sent."))

    batch.account.refresh_from_db()
    assert (batch.account.failing_since, CallCount.objects.count()) == (failing_since, 0)


def test_a_rejected_row_keeps_what_the_lms_said(batch):
    row = settle(batch, claim(batch), Refused("No such person.", status=404))

    assert (row.state, row.response_status, row.problem) == ("rejected", 404, "No such person.")


def test_a_problem_that_redaction_makes_longer_is_cut(batch):
    name = "Anna"
    Learner.objects.update(name=name)
    row = settle(batch, claim(batch), Refused(f"{name} " * 100, status=400))

    assert (row.state, len(row.problem), name in row.problem) == ("rejected", 500, False)


@pytest.mark.parametrize(
    ("error", "is_outage"),
    [
        pytest.param(NotSent("No connection."), True, id="no connection"),
        pytest.param(RateLimited("Slow down.", retry_after=1), False, id="a rate limit"),
        pytest.param(OutcomeUnknown("No answer."), False, id="no answer"),
    ],
)
def test_an_outage_is_when_no_call_reached_the_lms(batch, error, is_outage):
    settle(batch, claim(batch), error)

    assert (batch.account.failing_since is not None) == is_outage


def test_one_call_that_reached_the_lms_ends_an_outage(batch):
    claimed = claim(batch)
    settle(batch, claimed, NotSent("No connection."))
    assert batch.account.failing_since is not None

    settle(batch, claimed, NotSent("No connection."), OutcomeUnknown("No answer."))

    assert batch.account.failing_since is None


@pytest.mark.parametrize(
    ("first_seen_at", "state"),
    [
        pytest.param(AT - timedelta(seconds=1), "unknown", id="before the call"),
        pytest.param(AT, "created", id="after the call"),
    ],
)
def test_a_record_that_we_knew_before_the_call_is_not_its_own(batch, first_seen_at, state):
    row = settle(batch, claim(batch), OutcomeUnknown("No answer."))
    RemoteAssignment.objects.create(
        account=batch.account, learner=row.learner, remote_id="known", first_seen_at=first_seen_at
    )
    fields = {"id": "known", "learning_object_external_reference": row.content_reference}

    assert read_back(batch, fields).state == state


def test_a_row_whose_call_is_not_recorded_takes_no_record_that_we_knew(batch):
    row = settle(batch, claim(batch), OutcomeUnknown("No answer."))
    Assignment.objects.update(sent_at=None)
    Attempt.objects.all().delete()
    RemoteAssignment.objects.create(
        account=batch.account, learner=row.learner, remote_id="known", first_seen_at=AT
    )
    fields = {"id": "known", "learning_object_external_reference": row.content_reference}

    assert read_back(batch, fields).state == "unknown"


def test_read_backs_become_rarer_and_one_is_at_the_end_of_the_window(batch, settings):
    settings.SETTLE_SECONDS = 1_000
    settle(batch, claim(batch), OutcomeUnknown("No answer."))

    def seconds_until_the_next(read_backs, window_left):
        unknown_at = AT - timedelta(seconds=1_000 - window_left)
        Assignment.objects.update(read_backs=read_backs, unknown_at=unknown_at)
        row = read_back(batch)
        assert (row.state, row.read_backs) == ("unknown", read_backs + 1)
        return (row.read_back_at - AT).total_seconds()

    intervals = [seconds_until_the_next(number, 900) for number in range(7)]
    assert intervals == [3, 10, 30, 60, 120, 300, 300]
    assert seconds_until_the_next(6, 200) == 200
    assert seconds_until_the_next(6, 1) == 3


def test_a_row_that_the_lms_does_not_have_is_queued_at_the_end_of_the_window(batch, settings):
    settings.SETTLE_SECONDS = 1_000
    settle(batch, claim(batch), OutcomeUnknown("No answer."))
    Assignment.objects.update(unknown_at=AT - timedelta(seconds=1_000))

    row = read_back(batch)

    assert (row.state, row.send_at, row.resends, row.read_back_at) == ("queued", AT, 1, None)


@pytest.mark.parametrize(
    ("lead", "state"),
    [
        pytest.param(CLOCK_TOLERANCE, "unknown", id="within the tolerance"),
        pytest.param(CLOCK_TOLERANCE + timedelta(seconds=1), "created", id="beyond it"),
    ],
)
def test_a_clock_ahead_of_the_lms_counts_only_beyond_the_tolerance(batch, lead, state):
    row = settle(batch, claim(batch), OutcomeUnknown("No answer."))
    older = row.sent_at - CLOCK_TOLERANCE - timedelta(seconds=1)
    fields = {
        "id": "found",
        "learning_object_external_reference": row.content_reference,
        "created_at": older.isoformat(),
    }

    assert read_back(batch, fields, responded_at=AT - lead).state == state


def test_a_failed_read_back_is_repeated_in_half_a_minute(batch):
    settle(batch, claim(batch), OutcomeUnknown("No answer."))

    row = read_back(batch, error=OutcomeUnknown("No answer again."))

    assert (row.state, row.read_back_at - AT) == ("unknown", timedelta(seconds=30))


def test_a_long_refusal_of_a_read_back_is_cut_to_its_column(batch):
    settle(batch, claim(batch), OutcomeUnknown("No answer."))

    row = read_back(batch, error=Refused("x" * 900, status=404))

    assert row.problem == "It could not be looked up: ".ljust(500, "x")


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(CREATED, id="created"),
        pytest.param(CreatedAssignment(id=None, remote_id=None), id="created without an id"),
        pytest.param(OutcomeUnknown("No answer.", status=502), id="no answer"),
        pytest.param(NotSent("No connection."), id="not sent"),
        pytest.param(Refused("No such person.", status=404), id="rejected"),
    ],
)
def test_every_outcome_ends_its_attempt(batch, result):
    claimed = claim(batch)
    Assignment.objects.update(sent_at=AT - timedelta(seconds=2))
    claimed.row.sent_at = AT - timedelta(seconds=2)

    row = settle(batch, claimed, result)

    assert Attempt.objects.values().get() == {
        "id": Attempt.objects.get().pk,
        "assignment_id": row.pk,
        "number": 1,
        "started_at": row.sent_at,
        "finished_at": AT,
        "outcome": row.state,
        "response_status": row.response_status,
        "problem": row.problem,
    }


def test_a_call_is_logged_with_its_duration(batch, caplog):
    with caplog.at_level(logging.INFO, "assignments.calls"):
        log_calls([(batch.assignments.get(), 0.01234)])

    (line,) = caplog.records
    assert (line.ms, line.outcome, line.attempt) == (12.3, "planned", 0)
