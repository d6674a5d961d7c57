"""Nothing is sent without the approval of the plan as it was reviewed."""

from datetime import timedelta

import pytest
from django.db import transaction

from assignments.audit.entries.canonical import canonical
from assignments.audit.log import Event, record
from assignments.models import Batch, LogEntry, LogHead
from assignments.services.sending import claims
from tests import log_tampering, sealed_log
from tests.approval_fixtures import LATER, change_a_row, decide, make_second, make_waiting, release
from tests.conftest import NOON
from tests.factories import make_actor

pytestmark = pytest.mark.django_db


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
                subject=batch.ref,
                detail={"plan_digest": sha256},
            )
            record(event, by=make_actor(user), at=NOON)
    Batch.objects.filter(pk=batch.pk).update(state="running", started_at=NOON)

    assert claimable(batch) == 0


def copied_approval(batch):
    """Insert the approval of another batch, as if it were this one's."""
    other = make_waiting()
    decide(other, make_second())
    seq = LogEntry.objects.get(subject=other.ref, action="batch.approved").seq
    log_tampering.run("UPDATE {table} SET subject = %s WHERE seq = %s", batch.ref, seq)


def made_up_approval(batch):
    """Append an approval that fits the log in everything but its MAC."""
    submission = LogEntry.objects.get(subject=batch.ref, action="batch.submitted")
    body = log_tampering.body(submission.seq)
    seq, ref = LogHead.entries(), f"user/{make_second().pk}"
    made_up = body | {
        "seq": seq,
        "action": "batch.approved",
        "actor": body["actor"] | {"ref": ref},
        "detail": {"plan_digest": batch.plan_digest},
        "result": "waiting",
    }
    log_tampering.copy(submission.seq, seq)
    log_tampering.rewrite(seq, canonical(made_up))
    columns = "action = 'batch.approved', actor = %s, result = 'waiting', search_text = ''"
    log_tampering.run(f"UPDATE {{table}} SET {columns} WHERE seq = %s", ref, seq)
    sealed_log.recompute_head()


def edited_actor(batch):
    """Append the submitter's own approval, and change who made it in the column."""
    with transaction.atomic():
        detail = {"plan_digest": batch.plan_digest}
        event = Event(action="batch.approved", subject=batch.ref, detail=detail)
        seq = record(event, by=make_actor(batch.by), at=NOON)
    log_tampering.run("UPDATE {table} SET actor = 'user/999' WHERE seq = %s", seq)


@pytest.mark.core
@pytest.mark.parametrize("forge", [copied_approval, made_up_approval, edited_actor])
def test_delivery_ignores_approvals_that_the_product_did_not_write(forge):
    batch = make_waiting()
    forge(batch)
    Batch.objects.filter(pk=batch.pk).update(state="waiting", starts_at=NOON)

    release(batch, now=LATER)

    assert batch.state == "paused"
    assert batch.pause_reason == "Nobody but its submitter approved this plan."
    Batch.objects.filter(pk=batch.pk).update(state="running", started_at=NOON, pause_reason="")
    assert claimable(batch) == 0


@pytest.mark.core
def test_a_made_up_submission_sends_nothing():
    batch = make_waiting()
    decide(batch, make_second())
    seq = LogEntry.objects.get(subject=batch.ref, action="batch.submitted").seq
    log_tampering.rewrite(seq, canonical(log_tampering.body(seq) | {"detail": {}}))

    release(batch, now=LATER + timedelta(minutes=1))

    assert (batch.state, claimable(batch)) == ("paused", 0)


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
