"""Withdrawal: cancel the unsent rows of a batch that was stopped or undone, group by group."""

from datetime import datetime
from typing import Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.integrity.trusted_entries import trusted_bodies
from assignments.models import Assignment, Batch, LogEntry
from assignments.services.batches import completion, row_pipeline
from assignments.services.batches.row_changes import cancel
from assignments.services.batches.row_pipeline import Decision

State = Assignment.State
UNSENT: Final = (State.PLANNED, State.QUEUED)
ENDING_ACTIONS: Final = tuple(
    f"batch.{action}" for action in ("stopped", "cancelled", "rejected", "withdrawn", "expired")
)
CHUNK: Final = 1_000
# About half a second: nobody has to wait for the rest, which is no longer sent in any case.
CHUNKS_AT_ONCE: Final = 4


def withdraw(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Cancel the unsent rows of an ended batch, a group in each transaction.

    Of a large batch only the first groups; `finish` cancels the others.
    """
    for _ in range(CHUNKS_AT_ONCE):
        if not _withdraw_chunk(batch, by, now):
            return


def finish(*, now: datetime) -> None:
    """Continue with the ended batches that still have unsent rows.

    Either they are large, or the process that ended them was killed.
    """
    unsent = Assignment.objects.filter(batch=OuterRef("pk"), state__in=UNSENT)
    ended = Batch.objects.filter(Exists(unsent), state__in=Batch.WITHDRAWN)
    for batch in ended.select_related("by", "account").order_by("pk"):
        withdraw(batch=batch, by=_ended_by(batch), now=now)


@transaction.atomic
def _withdraw_chunk(batch: Batch, by: Actor, now: datetime) -> int:
    unsent = batch.assignments.filter(state__in=UNSENT).order_by("state", "position")
    pks = list(unsent.values_list("pk", flat=True)[:CHUNK])
    rows = row_pipeline.lock_rows(pks, batches=[batch.pk], state__in=UNSENT)
    row_pipeline.carry_out(Decision([cancel(row, now=now) for row in rows]), now=now, by=by)
    return len(rows)


def _ended_by(batch: Batch) -> Actor:
    """Return who ended the batch, from the log; by default who submitted it."""
    entries = LogEntry.objects.filter(subject=batch.ref, action__in=ENDING_ACTIONS)
    endings = trusted_bodies(entries)
    ref = str(endings[-1]["actor"]["ref"]) if endings else ""
    if ref == SYSTEM.ref:
        return SYSTEM
    pk = ref.removeprefix("user/")
    user = get_user_model().objects.filter(pk=pk).first() if pk.isdecimal() else None
    if user is None:
        return completion.person_of(batch)
    return Actor(ref=ref, name=str(user), email=user.get_username(), means="worker")
