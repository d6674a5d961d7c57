"""Whose refusal it is, before anything is written."""

from datetime import timedelta

import pytest

from assignments.models import Account
from assignments.services.calls.call_process import EndedCall
from assignments.services.sending import claims, outcomes, reconciliation
from assignments.services.sending.refusals import UndecidedCalls
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import AccountUnusable, OutcomeUnknown, Refused, StackOneError
from assignments.stackone.resources import CreatedAssignment
from tests.conftest import NOON

pytestmark = [pytest.mark.core, pytest.mark.django_db]
SENDER = "sender"
REFUSED = AccountUnusable("Refused.", status=403)
EXPLAINED = Refused("Not enrolled.", status=403, is_from_provider=True)
CREATED = CreatedAssignment(id="r-1", remote_id=None)
BATCH_ROWS = 4


class Job:
    """A call about a row."""

    pk = 1


def ended(result):
    """Return a call that ended with the result."""
    return EndedCall(Job(), result, NOON)


def end(desk, batch, *results, after=timedelta()):
    """Let calls of the batch's next rows end with these results; return the rows' states."""
    desk.clock.skip(seconds=after.total_seconds())
    now = desk.clock()
    due = claims.due(account=desk.account, count=len(results), turn=0, now=now)
    claimed = claims.claim(due, sender=SENDER, now=now)
    calls = [EndedCall(claim, result, now) for claim, result in zip(claimed, results, strict=True)]
    outcomes.settle(account=desk.account, sender=SENDER, calls=calls, now=now)
    desk.account.refresh_from_db()
    by_pk = dict(batch.assignments.values_list("pk", "state"))
    return [by_pk[claim.pk] for claim in claimed]


@pytest.mark.parametrize("result", [CREATED, EXPLAINED], ids=["created", "refused by the LMS"])
def test_refused_calls_wait_for_what_the_calls_in_flight_show(result):
    undecided: UndecidedCalls[Job, CreatedAssignment] = UndecidedCalls()
    refused, unknown, other = ended(REFUSED), ended(OutcomeUnknown("Reset.")), ended(result)

    assert undecided.decidable([refused, unknown], in_flight=2) == [unknown]
    assert undecided.decidable([], in_flight=2) == []
    assert bool(undecided)
    assert undecided.decidable([other], in_flight=1) == [refused, other]
    assert not undecided


def test_refused_calls_wait_no_longer_than_the_calls_in_flight():
    undecided: UndecidedCalls[Job, CreatedAssignment] = UndecidedCalls()
    first, second = ended(REFUSED), ended(REFUSED)

    assert undecided.decidable([first], in_flight=1) == []
    assert undecided.decidable([second], in_flight=0) == [first, second]


@pytest.mark.parametrize(
    ("other", "seconds", "state"),
    [
        pytest.param(CREATED, 50, "rejected", id="created within a minute"),
        pytest.param(EXPLAINED, 50, "rejected", id="passed on within a minute"),
        pytest.param(CREATED, 75, "queued", id="created before"),
        pytest.param(OutcomeUnknown("Reset."), 1, "queued", id="unclear"),
        pytest.param(Refused("No such field.", status=400), 1, "queued", id="refused by StackOne"),
    ],
)
def test_a_refusal_is_its_rows_while_stackone_passes_creates_on(desk, other, seconds, state):
    batch = desk.submit(people=BATCH_ROWS)
    end(desk, batch, other)

    assert end(desk, batch, REFUSED, after=timedelta(seconds=seconds)) == [state]
    assert (desk.account.paused_at is None) == (state == "rejected")


def test_the_account_counts_refusals_until_a_create_is_passed_on(desk, settings):
    settings.PAUSE_AFTER_FAILURES = 100
    batch = desk.submit(people=12)
    counts = []
    for results in ([CREATED, REFUSED], [REFUSED, REFUSED], [CREATED], [REFUSED]):
        end(desk, batch, *results)
        counts.append(desk.account.refusals)

    assert counts == [1, 3, 0, 1]


def test_a_clock_set_back_leaves_no_create_of_the_last_minute(desk):
    batch = desk.submit(people=BATCH_ROWS)
    end(desk, batch, CREATED)
    Account.objects.update(passed_on_at=desk.clock() + timedelta(hours=1))

    assert end(desk, batch, REFUSED) == ["queued"]


def read_back(desk, *results: UserAssignments | StackOneError):
    """Let the read-backs that are due end with these results."""
    desk.clock.skip(minutes=2)
    now = desk.clock()
    jobs = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    calls = [EndedCall(job, result, now) for job, result in zip(jobs, results, strict=True)]
    reconciliation.settle(account=desk.account, read_backs=calls, now=now)
    desk.account.refresh_from_db()


def test_a_refused_read_back_among_others_is_that_of_its_row(desk, settings):
    settings.SETTLE_SECONDS = 600
    batch = desk.submit(people=2)
    end(desk, batch, OutcomeUnknown("Reset."), OutcomeUnknown("Reset."))

    read_back(desk, REFUSED, UserAssignments((), 1))

    first, second = batch.assignments.order_by("read_back_at")
    waiting, decided = (first, second) if first.read_back_at else (second, first)
    assert (decided.read_back_at, decided.problem) == (None, "It could not be looked up: Refused.")
    assert (waiting.read_back_at is not None, desk.account.paused_at) == (True, None)


def test_a_read_back_that_is_refused_again_waits_for_a_person(desk):
    batch = desk.submit(people=1)
    end(desk, batch, OutcomeUnknown("Reset."))

    read_back(desk, REFUSED)
    paused_at = desk.account.paused_at
    Account.objects.update(paused_at=None, pause_reason="")
    read_back(desk, REFUSED)

    row = batch.assignments.get()
    assert (row.state, row.read_back_at, desk.account.paused_at) == ("unknown", None, None)
    assert paused_at is not None
