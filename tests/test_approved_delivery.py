"""Nothing is sent without the approval of the plan as it was reviewed."""

from datetime import timedelta

import pytest
from django.db import transaction

from assignments.audit.log import Event, record
from assignments.models import Batch
from assignments.services.sending import claims
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
