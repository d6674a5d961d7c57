"""Withdrawing what has not left of a batch that was stopped or undone, group by group."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from assignments.audit.actors import Actor
from assignments.audit.log import record_all
from assignments.models import Assignment, Batch
from assignments.services import closing, rows

State = Assignment.State
NOT_LEFT: Final = (State.PLANNED, State.QUEUED)
ENDED: Final = (Batch.State.STOPPED, Batch.State.CANCELLED)
CHUNK: Final = 1_000
ABANDONED: Final = timedelta(minutes=2)


def withdraw(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Withdraw every row of an ended batch that has not left, a group in each transaction.

    A large batch takes a while; meanwhile others can write, and nothing of it is sent.
    """
    while _some(batch, by, now):
        pass


def finish(*, now: datetime) -> None:
    """Withdraw what a process left behind that was killed while it stopped or undid a batch."""
    left = Assignment.objects.filter(batch=OuterRef("pk"), state__in=NOT_LEFT)
    ended = Batch.objects.filter(state__in=ENDED, finished_at__lt=now - ABANDONED)
    for batch in ended.filter(Exists(left)).select_related("by", "account").order_by("pk"):
        withdraw(batch=batch, by=closing.person_of(batch), now=now)


@transaction.atomic
def _some(batch: Batch, by: Actor, now: datetime) -> int:
    left = batch.assignments.filter(state__in=NOT_LEFT).order_by("state", "position")
    found = rows.locked(left.values_list("pk", flat=True)[:CHUNK], state__in=NOT_LEFT).values()
    changes = [
        rows.Change(
            row,
            rows.event(row, "assignment.cancelled", "cancelled"),
            rows.settled(State.CANCELLED, now),
        )
        for row in found
    ]
    rows.write(changes)
    record_all([change.event for change in changes], by=by, at=now)
    return len(changes)
