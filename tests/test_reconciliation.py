"""Reconciliation of unknown rows: every way in which a read-back can end."""

from datetime import timedelta

import pytest

from assignments.models import Assignment, LogEntry, RateBudget
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

pytestmark = [pytest.mark.core, pytest.mark.django_db]
SENDER = "sender"


@pytest.fixture
def batch(desk, settings):
    """Return a running batch of one row."""
    settings.SETTLE_SECONDS = 60
    return desk.submit(people=1)


def end_call(desk, batch, reply):
    """Claim the row, let its call end with the reply, and return the row."""
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


def read_back(desk, batch, reply):
    """Let the due read-back end with the reply, and return the row."""
    desk.clock.skip(seconds=15)
    now = desk.clock()
    (job,) = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    reconciliation.settle(account=desk.account, read_backs=[EndedCall(job, reply, now)], now=now)
    return batch.assignments.get()


def record(desk, row, **changes):
    """Return the record that the LMS would show for the row."""
    fields = {
        "id": "found",
        "learning_object_external_reference": row.content_reference,
        "created_at": desk.clock().isoformat(),
    }
    return RemoteAssignment.from_json(fields | changes)


def test_a_conflict_with_an_existing_record_is_settled_with_its_id(desk, batch):
    row = end_call(desk, batch, Conflict("It exists already.", status=409))
    assert (row.state, row.response_status) == ("unknown", 409)

    old = (desk.clock() - timedelta(days=90)).isoformat()
    records = (record(desk, row, id="theirs", created_at=old),)
    row = read_back(desk, batch, UserAssignments(records, 1))

    assert (row.state, row.remote_id) == ("created", "theirs")


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        pytest.param("It conflicts.", "It conflicts.", id="with a reason"),
        pytest.param(
            "",
            "The LMS refused it as a conflict, and holds no such assignment.",
            id="without a reason",
        ),
    ],
)
def test_a_conflict_without_a_record_is_rejected(desk, batch, message, problem):
    row = end_call(desk, batch, Conflict(message, status=409))
    nameless = record(desk, row, id=None)

    row = read_back(desk, batch, UserAssignments((nameless,), 1))

    assert (row.state, row.problem) == ("rejected", problem)


def test_created_without_an_id_gets_it_from_the_lms(desk, batch):
    row = end_call(desk, batch, CreatedAssignment(id=None, remote_id=None))
    assert (row.state, row.response_status) == ("unknown", 201)

    row = read_back(desk, batch, UserAssignments((record(desk, row),), 1))

    assert (row.state, row.remote_id, row.problem) == ("created", "found", "")
    assert (row.read_backs, row.read_back_at) == (1, None)


def test_created_without_an_id_is_never_sent_again(desk, batch):
    end_call(desk, batch, CreatedAssignment(id=None, remote_id=None))
    desk.clock.skip(seconds=61)

    row = read_back(desk, batch, UserAssignments((), 1))

    assert (row.state, row.remote_id, row.attempt) == ("confirmed", "", 1)
    assert row.problem == "The LMS confirmed it, and does not show it."
    assert row.read_back_at == row.unknown_at + timedelta(hours=1)
    batch.refresh_from_db()
    assert batch.state == "done"


def test_a_refused_read_back_waits_for_a_person(desk, batch):
    end_call(desk, batch, OutcomeUnknown("No answer."))

    row = read_back(desk, batch, Refused("No such user.", status=404))

    assert (row.state, row.read_back_at) == ("unknown", None)
    assert row.problem == "It could not be looked up: No such user."
    batch.refresh_from_db()
    assert batch.state == "done"


def test_a_failed_read_back_is_repeated_later(desk, batch):
    end_call(desk, batch, OutcomeUnknown("No answer."))

    row = read_back(desk, batch, OutcomeUnknown("No answer again."))

    assert (row.state, row.read_backs) == ("unknown", 0)
    assert row.read_back_at > desk.clock()
    newest = LogEntry.objects.order_by("-seq").values_list("action", "result").first()
    assert newest == ("assignments.looked_up", "not_read")


def test_a_rate_limited_read_back_makes_all_senders_back_off(desk, batch):
    end_call(desk, batch, OutcomeUnknown("No answer."))

    read_back(desk, batch, RateLimited("Slow down.", retry_after=40))

    assert RateBudget.objects.get().next_slot_at > desk.clock() + timedelta(seconds=39)


def test_every_further_page_of_a_read_back_is_charged_to_the_rate_budget(desk, batch):
    end_call(desk, batch, OutcomeUnknown("No answer."))
    before = RateBudget.objects.get().next_slot_at

    # The first page was reserved before the call.
    read_back(desk, batch, UserAssignments((), 1))
    assert RateBudget.objects.get().next_slot_at == before

    read_back(desk, batch, UserAssignments((), 2))
    assert RateBudget.objects.get().next_slot_at > before


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        pytest.param(
            AccountUnusable("No.", status=401),
            "(401): No. Check STACKONE_API_KEY and its rights",
            id="the key",
        ),
        pytest.param(
            AccountUnusable("No.", status=412),
            "(412): No. Check the linked account in StackOne, and link it again if needed",
            id="the account",
        ),
        pytest.param(
            NotSupported("No.", status=501),
            "(501): No. Ask the LMS administrator whether the LMS can create assignments through "
            "StackOne",
            id="the provider",
        ),
    ],
)
def test_a_refused_account_is_paused_and_the_row_kept(desk, batch, error, sentence):
    end_call(desk, batch, OutcomeUnknown("No answer."))

    row = read_back(desk, batch, error)

    desk.account.refresh_from_db()
    reason = f"StackOne refused a call for {row.learner.name} {sentence}, then resume."
    assert (row.state, row.refusals, desk.account.pause_reason) == ("unknown", 1, reason)
    assert row.read_back_at is not None


def test_a_record_of_another_item_is_not_taken(desk, batch):
    end_call(desk, batch, OutcomeUnknown("No answer."))
    other = record(desk, batch.assignments.get(), learning_object_external_reference="OTHER")

    assert read_back(desk, batch, UserAssignments((other,), 1)).state == "unknown"


def test_an_outcome_after_recovery_changes_nothing(desk, batch):
    (claim,) = claims.claim(
        claims.due(account=desk.account, count=1, turn=0, now=desk.clock()),
        sender=SENDER,
        now=desk.clock(),
    )
    claims.recover(account=desk.account, sender="next", now=desk.clock())

    now = desk.clock()
    late = EndedCall(claim, CreatedAssignment(id="late", remote_id=None), now)
    outcomes.settle(account=desk.account, sender=SENDER, calls=[late], now=now)

    row = batch.assignments.get()
    assert (row.state, row.remote_id) == ("unknown", "")


def test_a_read_back_that_another_overtook_changes_nothing(desk, batch):
    row = end_call(desk, batch, OutcomeUnknown("No answer."))
    desk.clock.skip(seconds=15)
    now = desk.clock()
    (job,) = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    row = read_back(desk, batch, UserAssignments((), 1))
    assert (row.state, row.read_backs) == ("unknown", 1)
    entries = LogEntry.objects.count()

    late = EndedCall(job, UserAssignments((record(desk, row),), 1), desk.clock())
    reconciliation.settle(account=desk.account, read_backs=[late], now=desk.clock())

    row.refresh_from_db()
    assert (row.state, row.remote_id, row.read_backs) == ("unknown", "", 1)
    assert LogEntry.objects.count() == entries


def test_a_read_back_of_a_row_that_a_person_closed_changes_nothing(desk, batch):
    row = end_call(desk, batch, OutcomeUnknown("No answer."))
    desk.clock.skip(seconds=15)
    now = desk.clock()
    (job,) = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    Assignment.objects.filter(pk=row.pk).update(
        state="cancelled", settled_at=now, problem="Closed.", read_back_at=None
    )
    of_rows = LogEntry.objects.filter(action__startswith="assignment.")
    entries = of_rows.count()

    late = EndedCall(job, UserAssignments((record(desk, row),), 1), now)
    reconciliation.settle(account=desk.account, read_backs=[late], now=now)

    row.refresh_from_db()
    assert (row.state, row.remote_id, row.read_backs) == ("cancelled", "", 0)
    assert of_rows.count() == entries


def test_a_conflict_takes_only_a_record_of_its_item(desk, batch):
    row = end_call(desk, batch, Conflict("It exists already.", status=409))
    other = record(desk, row, id="other", learning_object_external_reference="OTHER")

    row = read_back(desk, batch, UserAssignments((other, record(desk, row)), 1))

    assert (row.state, row.remote_id) == ("created", "found")


def test_a_record_of_the_call_is_taken_long_after_it(desk, batch):
    row = end_call(desk, batch, OutcomeUnknown("No answer."))
    of_the_call = record(desk, row)
    desk.clock.skip(seconds=300)

    row = read_back(desk, batch, UserAssignments((of_the_call,), 1))

    assert (row.state, row.remote_id) == ("created", "found")


def after_the_window(desk, batch, *records, responded_at=None):
    """Let read-backs end with these records until the row is settled or waits for a person."""
    reply = UserAssignments(records, 1, responded_at)
    for _ in range(9):
        row = read_back(desk, batch, reply)
        if row.state != "unknown" or row.read_back_at is None:
            return row
    raise AssertionError("The read-backs never end.")


def test_a_doubtful_record_waits_for_a_person(desk, batch):
    row = end_call(desk, batch, OutcomeUnknown("No answer."))
    older = (desk.clock() - timedelta(minutes=10)).isoformat()

    row = after_the_window(desk, batch, record(desk, row, created_at=older))

    assert (row.state, row.read_back_at, row.problem) == (
        "unknown",
        None,
        reconciliation.DOUBTFUL,
    )


def test_a_record_of_another_item_does_not_prevent_sending_again(desk, batch):
    row = end_call(desk, batch, OutcomeUnknown("No answer."))
    other = record(desk, row, learning_object_external_reference="ANOTHER")

    assert after_the_window(desk, batch, other).state == "queued"


def test_a_clock_ahead_of_the_lms_still_matches_the_record(desk, batch):
    row = end_call(desk, batch, OutcomeUnknown("No answer."))
    our_time, lms_time = desk.clock(), desk.clock() - timedelta(hours=1)
    held = record(desk, row, created_at=lms_time.isoformat())

    row = read_back(desk, batch, UserAssignments((held,), 1, desk.clock() - timedelta(hours=1)))

    assert (row.state, row.remote_id) == ("created", "found")
    assert row.sent_at <= our_time


def test_two_unknown_rows_of_one_group_never_take_the_same_record(desk, batch):
    first = end_call(desk, batch, OutcomeUnknown("No answer."))
    again = desk.submit(people=1, assigns_again=True)
    second = end_call(desk, again, OutcomeUnknown("No answer."))
    assert second.learner_id == first.learner_id
    held = UserAssignments((record(desk, first),), 1)
    desk.clock.skip(seconds=15)
    now = desk.clock()
    jobs = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    assert len(jobs) == 2

    ended = [EndedCall(job, held, now) for job in jobs]
    reconciliation.settle(account=desk.account, read_backs=ended, now=now)

    assert desk.states(batch) + desk.states(again) == ["created", "unknown"]
