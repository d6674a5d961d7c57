"""Settling unknown rows: each way a look in the LMS can end, with answers built by hand."""

from datetime import timedelta

import pytest

from assignments.models import LogEntry, RateBudget
from assignments.services.calls.call_process import EndedCall
from assignments.services.sending import claims, outcomes, reconciliation
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from assignments.stackone.resources import CreatedAssignment, RemoteAssignment

pytestmark = pytest.mark.django_db
SENDER = "sender"


@pytest.fixture
def row(desk, settings):
    """Return a row that a sender has claimed."""
    settings.SETTLE_SECONDS = 60
    return desk.submit(people=1)


def answered(desk, batch, reply):
    """Let the row's call end with the reply, and return the row."""
    (claim,) = claims.claim(
        claims.due(account=desk.account, count=1, turn=0, now=desk.clock()),
        sender=SENDER,
        now=desk.clock(),
    )
    now = desk.clock()
    outcomes.settle(
        account=desk.account, sender=SENDER, calls=[EndedCall(claim, reply, now)], now=now
    )
    return batch.assignments.get()


def looked_up(desk, batch, reply):
    """Let a due look in the LMS end with the reply, and return the row."""
    desk.clock.skip(seconds=15)
    now = desk.clock()
    (job,) = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    reconciliation.settle(account=desk.account, read_backs=[EndedCall(job, reply, now)], now=now)
    return batch.assignments.get()


def record(desk, row, **changes):
    """Return what the LMS would show of the row."""
    fields = {
        "id": "found",
        "learning_object_external_reference": row.content_reference,
        "created_at": desk.clock().isoformat(),
    }
    return RemoteAssignment.from_json(fields | changes)


def test_a_conflict_that_is_there_is_settled_with_its_id(desk, row):
    found = answered(desk, row, Conflict("It exists already.", status=409))
    assert (found.state, found.response_status) == ("unknown", 409)

    old = (desk.clock() - timedelta(days=90)).isoformat()
    records = (record(desk, found, id="theirs", created_at=old),)
    found = looked_up(desk, row, UserAssignments(records, 1))

    assert (found.state, found.remote_id) == ("created", "theirs")


def test_a_conflict_that_is_not_there_is_rejected_at_once(desk, row):
    answered(desk, row, Conflict("It conflicts.", status=409))

    found = looked_up(desk, row, UserAssignments((), 1))

    assert (found.state, found.problem) == ("rejected", "It conflicts.")


def test_created_without_an_id_gets_it_from_the_lms(desk, row):
    found = answered(desk, row, CreatedAssignment(id=None, remote_id=None))
    assert (found.state, found.response_status) == ("unknown", 201)

    found = looked_up(desk, row, UserAssignments((record(desk, found),), 1))

    assert (found.state, found.remote_id) == ("created", "found")


def test_created_without_an_id_is_never_sent_again(desk, row):
    answered(desk, row, CreatedAssignment(id=None, remote_id=None))
    desk.clock.skip(seconds=61)

    found = looked_up(desk, row, UserAssignments((), 1))

    assert (found.state, found.remote_id, found.attempt) == ("created", "", 1)


def test_a_person_who_cannot_be_looked_up_waits_for_a_decision(desk, row):
    answered(desk, row, OutcomeUnknown("No answer."))

    found = looked_up(desk, row, Refused("No such user.", status=404))

    assert (found.state, found.read_back_at) == ("unknown", None)
    assert found.problem == "It could not be looked up: No such user."
    row.refresh_from_db()
    assert row.state == "done"


def test_a_look_that_fails_is_tried_again_later(desk, row):
    answered(desk, row, OutcomeUnknown("No answer."))

    found = looked_up(desk, row, OutcomeUnknown("No answer again."))

    assert (found.state, found.read_backs) == ("unknown", 0)
    assert found.read_back_at > desk.clock()
    newest = LogEntry.objects.order_by("-seq").values_list("action", "result").first()
    assert newest == ("assignment.looked_up", "not_read")


def test_a_look_that_is_slowed_down_holds_everybody(desk, row):
    answered(desk, row, OutcomeUnknown("No answer."))

    looked_up(desk, row, RateLimited("Slow down.", retry_after=40))

    assert RateBudget.objects.get().next_slot_at > desk.clock() + timedelta(seconds=39)


def test_more_pages_are_paid_for(desk, row):
    answered(desk, row, OutcomeUnknown("No answer."))
    before = RateBudget.objects.get().next_slot_at

    looked_up(desk, row, UserAssignments((), 5))

    assert RateBudget.objects.get().next_slot_at > before


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        pytest.param(
            AccountUnusable("No.", status=401),
            "StackOne refused the key. Check STACKONE_API_KEY and its rights, then resume.",
            id="the key",
        ),
        pytest.param(
            AccountUnusable("No.", status=412),
            "StackOne cannot use the linked account. Re-link it in StackOne, then resume.",
            id="the account",
        ),
        pytest.param(
            NotSupported("No.", status=501),
            "This LMS cannot create assignments through StackOne. Ask the LMS administrator.",
            id="the provider",
        ),
    ],
)
def test_a_refused_account_is_paused_and_the_row_kept(desk, row, error, sentence):
    answered(desk, row, OutcomeUnknown("No answer."))

    found = looked_up(desk, row, error)

    desk.account.refresh_from_db()
    assert (found.state, desk.account.pause_reason) == ("unknown", sentence)


def test_another_persons_record_is_not_taken(desk, row):
    answered(desk, row, OutcomeUnknown("No answer."))
    other = record(desk, row.assignments.get(), learning_object_external_reference="OTHER")

    assert looked_up(desk, row, UserAssignments((other,), 1)).state == "unknown"


def test_an_answer_that_comes_after_a_look_changes_nothing(desk, row):
    (claim,) = claims.claim(
        claims.due(account=desk.account, count=1, turn=0, now=desk.clock()),
        sender=SENDER,
        now=desk.clock(),
    )
    claims.recover(account=desk.account, sender="next", now=desk.clock())

    now = desk.clock()
    late = EndedCall(claim, CreatedAssignment(id="late", remote_id=None), now)
    outcomes.settle(account=desk.account, sender=SENDER, calls=[late], now=now)

    found = row.assignments.get()
    assert (found.state, found.remote_id) == ("unknown", "")


def after_the_window(desk, batch, *records, responded_at=None):
    """Let looks end with these records until the row has left or a person decides."""
    reply = UserAssignments(records, 1, responded_at)
    for _ in range(9):
        found = looked_up(desk, batch, reply)
        if found.state != "unknown" or found.read_back_at is None:
            return found
    raise AssertionError("It is looked up for ever.")


def test_a_record_that_may_be_ours_is_for_a_person_to_decide(desk, row):
    found = answered(desk, row, OutcomeUnknown("No answer."))
    older = (desk.clock() - timedelta(minutes=10)).isoformat()

    found = after_the_window(desk, row, record(desk, found, created_at=older))

    assert (found.state, found.read_back_at, found.problem) == (
        "unknown",
        None,
        reconciliation.DOUBTFUL,
    )


def test_a_record_of_another_item_does_not_keep_a_row_from_being_sent_again(desk, row):
    found = answered(desk, row, OutcomeUnknown("No answer."))
    other = record(desk, found, learning_object_external_reference="ANOTHER")

    assert after_the_window(desk, row, other).state == "queued"


def test_a_clock_that_is_ahead_of_the_lms_finds_the_record_all_the_same(desk, row):
    found = answered(desk, row, OutcomeUnknown("No answer."))
    ours, theirs = desk.clock(), desk.clock() - timedelta(hours=1)
    held = record(desk, found, created_at=theirs.isoformat())

    found = looked_up(desk, row, UserAssignments((held,), 1, desk.clock() - timedelta(hours=1)))

    assert (found.state, found.remote_id) == ("created", "found")
    assert found.sent_at <= ours
