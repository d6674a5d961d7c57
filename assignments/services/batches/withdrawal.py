"""Withdrawing what has not left of a batch that was stopped or undone, group by group."""

from datetime import datetime
from typing import Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import record_all
from assignments.models import Assignment, Batch, LogEntry
from assignments.services.batches import completion, row_updates

State = Assignment.State
NOT_LEFT: Final = (State.PLANNED, State.QUEUED)
ENDED: Final = (
    Batch.State.STOPPED,
    Batch.State.CANCELLED,
    Batch.State.REJECTED,
    Batch.State.EXPIRED,
)
ENDINGS: Final = tuple(
    f"batch.{how}" for how in ("stopped", "cancelled", "rejected", "withdrawn", "expired")
)
CHUNK: Final = 1_000
# About half a second: nobody waits for the rest, of which nothing is sent anyway.
AT_ONCE: Final = 4


def withdraw(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Withdraw the rows of an ended batch that have not left, a group in each transaction.

    Of a large batch only the first groups; `finish` withdraws the others.
    """
    for _ in range(AT_ONCE):
        if not _some(batch, by, now):
            return


def finish(*, now: datetime) -> None:
    """Go on with the batches that were stopped or undone and have rows that have not left.

    Either they are large, or the process that ended them was killed.
    """
    left = Assignment.objects.filter(batch=OuterRef("pk"), state__in=NOT_LEFT)
    ended = Batch.objects.filter(Exists(left), state__in=ENDED)
    for batch in ended.select_related("by", "account").order_by("pk"):
        withdraw(batch=batch, by=_who_ended(batch), now=now)


@transaction.atomic
def _some(batch: Batch, by: Actor, now: datetime) -> int:
    left = batch.assignments.filter(state__in=NOT_LEFT).order_by("state", "position")
    found = row_updates.locked(
        left.values_list("pk", flat=True)[:CHUNK], state__in=NOT_LEFT
    ).values()
    changes = [
        row_updates.Change(
            row,
            row_updates.event(row, "assignment.cancelled", "cancelled"),
            row_updates.settled(State.CANCELLED, now),
        )
        for row in found
    ]
    row_updates.write(changes)
    record_all([change.event for change in changes], by=by, at=now)
    return len(changes)


def _who_ended(batch: Batch) -> Actor:
    entries = LogEntry.objects.filter(subject=f"batch/{batch.pk}", action__in=ENDINGS)
    ref = entries.order_by("-seq").values_list("actor", flat=True).first() or ""
    if ref == SYSTEM.ref:
        return SYSTEM
    pk = ref.removeprefix("user/")
    user = get_user_model().objects.filter(pk=pk).first() if pk.isdecimal() else None
    if user is None:
        return completion.person_of(batch)
    return Actor(ref=ref, name=str(user), email=user.get_username(), means="worker")
