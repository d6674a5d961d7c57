"""Which rows are due, claiming them, and the lease that only one sender of an account has."""

from datetime import timedelta

import pytest

from assignments.models import Account, Assignment, Batch, Content, Learner
from assignments.services.sending import claims, leases, reconciliation
from tests.factories import AT, log_submission, make_account, make_batch, make_learner

pytestmark = pytest.mark.django_db


def make_other_account():
    """Return a second linked account."""
    return Account.objects.create(name="Degreed", remote_id="other")


def due_pks(account, *, count=9, turn=0, now=AT):
    """Return the ids of the rows that may be sent."""
    return [row.pk for row in claims.due(account=account, count=count, turn=turn, now=now)]


def claim(batch):
    """Claim the batch's due rows as sender s-1."""
    log_submission(batch)
    rows = claims.due(account=batch.account, count=9, turn=0, now=AT)
    return claims.claim(rows, sender="s-1", now=AT)


def test_due_are_rows_of_running_batches_of_the_account():
    later = {"state": "queued", "send_at": AT + timedelta(seconds=1)}
    batch = make_batch(["planned", "created", later, "queued", "planned"], state="running")
    make_batch(["planned"], state="paused")
    other = make_other_account()
    rows = list(batch.assignments.order_by("position"))
    elsewhere = {"state": "planned", "learner": make_learner(other)}
    foreign = make_batch([elsewhere], state="running", account=other).assignments.get()

    # Rows that were queued again come first, the longest overdue before the others.
    assert due_pks(batch.account) == [rows[3].pk, rows[0].pk, rows[4].pk]
    assert due_pks(batch.account, count=2) == [rows[3].pk, rows[0].pk]
    assert due_pks(batch.account, now=AT + timedelta(seconds=1))[:2] == [rows[3].pk, rows[2].pk]
    assert due_pks(other) == [foreign.pk]


def test_running_batches_take_turns_from_the_given_number_on():
    batches = [make_batch(["planned"], state="running") for _ in range(3)]
    first, second, third = (batch.assignments.get().pk for batch in batches)
    account = batches[0].account

    assert due_pks(account) == [first, second, third]
    assert due_pks(account, turn=1) == [second, third, first]
    assert due_pks(account, turn=5, count=2) == [third, first]
    assert due_pks(make_other_account(), turn=5) == []


def test_claimed_rows_keep_their_order_and_their_fence():
    batch = make_batch(["planned", "planned"], state="running")
    planned, queued = batch.assignments.order_by("position")
    Assignment.objects.filter(pk=queued.pk).update(state="queued", send_at=AT)

    claimed = claim(batch)

    assert [(each.pk, each.attempt) for each in claimed] == [(queued.pk, 1), (planned.pk, 1)]
    assert set(batch.assignments.values_list("state", "sender")) == {("sending", "s-1")}
    assert claim(batch) == []


def test_rows_that_changed_since_they_were_due_are_not_claimed():
    batch = make_batch(["planned"], state="running")
    log_submission(batch)
    rows = claims.due(account=batch.account, count=9, turn=0, now=AT)

    Batch.objects.update(state="paused")
    assert claims.claim(rows, sender="s-1", now=AT) == []
    Batch.objects.update(state="running")
    assert len(claims.claim(rows, sender="s-1", now=AT)) == 1
    assert claims.claim(rows, sender="s-2", now=AT) == []
    assert batch.assignments.get().sender == "s-1"


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        pytest.param(
            Learner, "The person has become inactive in the LMS since the review.", id="a person"
        ),
        pytest.param(Content, "The item was retired in the LMS since the review.", id="an item"),
    ],
)
def test_what_left_the_lms_since_the_review_is_skipped(model, problem):
    batch = make_batch(["planned"], state="running")
    model.objects.update(is_active=False)

    assert claim(batch) == []

    row = batch.assignments.get()
    assert (row.state, row.problem) == ("skipped", problem)


def test_recover_concerns_only_rows_of_lost_senders_of_the_account():
    lost, own = {"state": "sending", "sender": "lost"}, {"state": "sending", "sender": "s-1"}
    batch = make_batch([lost, own, "created"], state="running")
    other = make_other_account()
    elsewhere = {**lost, "learner": make_learner(other)}
    foreign = make_batch([elsewhere], state="running", account=other)

    assert claims.recover(account=batch.account, sender="s-1", now=AT) == 1

    rows = batch.assignments.order_by("position").values_list("state", flat=True)
    assert list(rows) == ["unknown", "sending", "created"]
    assert foreign.assignments.get().state == "sending"


def test_a_lease_is_of_one_account_and_one_sender():
    account, other = make_account(), make_other_account()

    assert leases.acquire(account, sender="s-1", now=AT)
    assert leases.acquire(other, sender="s-2", now=AT)
    assert leases.acquire(account, sender="s-1", now=AT)

    leases.release(account, sender="s-2")
    assert not leases.renew(account, sender="s-2", now=AT)
    assert leases.renew(account, sender="s-1", now=AT + timedelta(seconds=19))
    assert not leases.acquire(account, sender="s-2", now=AT + timedelta(seconds=38))
    assert not leases.renew(account, sender="s-1", now=AT + timedelta(seconds=39))
    leases.release(other, sender="s-2")
    assert set(Account.objects.values_list("sender", "sender_lease_until")) == {
        ("s-1", AT + timedelta(seconds=39)),
        ("", None),
    }


def test_read_backs_are_due_of_the_account_the_longest_overdue_first():
    moments = [AT, AT - timedelta(seconds=9), AT + timedelta(seconds=1), None]
    rows = [{"state": "unknown", "read_back_at": moment} for moment in moments]
    batch = make_batch([*rows, "created"], state="running")
    other = make_other_account()
    elsewhere = {**rows[0], "learner": make_learner(other)}
    make_batch([elsewhere], state="running", account=other)
    now_due, overdue = (row.pk for row in batch.assignments.order_by("position")[:2])

    def due(in_flight=(), count=9):
        jobs = reconciliation.due(account=batch.account, count=count, in_flight=in_flight, now=AT)
        return [job.pk for job in jobs]

    assert due() == [overdue, now_due]
    assert due(count=1) == [overdue]
    assert due(in_flight={overdue}) == [now_due]
