"""Holding, undoing, starting, pausing, resuming and stopping a batch; retrying what failed."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.audit.actors import Actor
from assignments.audit.log import Event, record, record_all
from assignments.models import Assignment, Batch, Draft
from assignments.services import closing, queueing, rows

State = Assignment.State
Batches = Batch.State
RETRYABLE = Q(state=State.REJECTED) | Q(state=State.UNKNOWN, check_at=None)


class ControlRefused(Exception):
    """It cannot be done to the batch as it is now; the message says why."""


@transaction.atomic
def undo(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Withdraw a batch before anything left; its draft can be changed and reviewed again."""
    batch = _locked(batch, {Batches.WAITING, Batches.HELD}, "It has started; use Stop instead.")
    _withdraw(batch, State.PLANNED, by, now)
    draft_id = batch.submission_key
    # The draft's next plan needs the key; this batch stays as the record of what was undone.
    batch.submission_key = uuid.uuid4()
    batch.finished_at = now
    _move(batch, Batches.CANCELLED, "batch.cancelled", by, now, "submission_key", "finished_at")
    Draft.objects.filter(pk=draft_id).update(is_submitted=False, changed_at=now)


@transaction.atomic
def hold(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Keep a batch from starting until a person starts or undoes it."""
    batch = _locked(batch, {Batches.WAITING}, "It has started already.")
    batch.starts_at = None
    _move(batch, Batches.HELD, "batch.held", by, now, "starts_at")


@transaction.atomic
def start_now(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Start a batch without waiting for the end of its hold."""
    batch = _locked(batch, {Batches.WAITING, Batches.HELD}, "It has started already.")
    queueing.release(batch=batch, by=by, now=now)


@transaction.atomic
def pause(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Send nothing more until it is resumed; calls in flight end by themselves."""
    batch = _locked(batch, {Batches.RUNNING}, "It is not running.")
    batch.paused_because = f"Paused by {by.name}."
    _move(batch, Batches.PAUSED, "batch.paused", by, now, "paused_because")


@transaction.atomic
def resume(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Go on with a paused batch; failures until now do not pause it again."""
    batch = _locked(batch, {Batches.PAUSED}, "It is not paused.")
    if batch.started_at is None:
        raise ControlRefused("Its rows are not the ones that were reviewed. Stop it.")
    batch.paused_because, batch.watched_from = "", now
    _move(batch, Batches.RUNNING, "batch.resumed", by, now, "paused_because", "watched_from")
    closing.close_batches([batch.pk], now=now)


@transaction.atomic
def stop(*, batch: Batch, by: Actor, now: datetime) -> None:
    """End a batch; what has not left is withdrawn, what is unknown is still settled."""
    batch = _locked(batch, {Batches.RUNNING, Batches.PAUSED}, "It is not running.")
    _withdraw(batch, State.PLANNED, by, now)
    _withdraw(batch, State.QUEUED, by, now)
    batch.finished_at = now
    _move(batch, Batches.STOPPED, "batch.stopped", by, now, "finished_at")


@transaction.atomic
def retry_failed(*, batch: Batch, by: Actor, now: datetime) -> int:
    """Queue again every row that the LMS refused or that waits for a person; return how many."""
    found = _retry(batch, batch.assignments.filter(RETRYABLE), by, now)
    if not found:
        raise ControlRefused("Nothing is left that a retry could help.")
    return found


@transaction.atomic
def retry_one(*, assignment: Assignment, by: Actor, now: datetime) -> None:
    """Queue one refused or undecided row again."""
    one = Assignment.objects.filter(RETRYABLE, pk=assignment.pk)
    if not _retry(assignment.batch, one, by, now):
        raise ControlRefused("This one is settled or still moving by itself.")


def _retry(batch: Batch, wanted: QuerySet[Assignment], by: Actor, now: datetime) -> int:
    allowed = {Batches.DONE, Batches.RUNNING, Batches.PAUSED}
    batch = _locked(batch, allowed, "It was stopped; copy it to a new draft instead.")
    found = rows.locked(wanted.values_list("pk", flat=True)).values()
    again = {"state": State.QUEUED, "send_at": now, "settled_at": None, "check_at": None}
    changes = [
        rows.Change(row, rows.event(row, "assignment.requeued", "queued", why="retry"), dict(again))
        for row in found
    ]
    rows.write(changes)
    record_all([change.event for change in changes], by=by, at=now)
    if changes and batch.state == Batches.DONE:
        batch.finished_at, batch.watched_from = None, now
        _move(batch, Batches.RUNNING, "batch.resumed", by, now, "finished_at", "watched_from")
    return len(changes)


def _withdraw(batch: Batch, state: State, by: Actor, now: datetime) -> None:
    pks = batch.assignments.filter(state=state).values_list("pk", flat=True)
    changes = [
        rows.Change(
            row,
            rows.event(row, "assignment.cancelled", "cancelled"),
            rows.settled(State.CANCELLED, now),
        )
        for row in rows.locked(pks, state=state).values()
    ]
    rows.write(changes)
    record_all([change.event for change in changes], by=by, at=now)


def _locked(batch: Batch, states: set[Batches], otherwise: str) -> Batch:
    found = Batch.objects.select_for_update(of=("self",)).select_related("by", "account")
    current = found.get(pk=batch.pk)
    if current.state not in states:
        raise ControlRefused(otherwise)
    return current


def _move(
    batch: Batch, state: Batches, action: str, by: Actor, now: datetime, *fields: str
) -> None:
    batch.state = state
    batch.save(update_fields=["state", *fields])
    ref = f"batch/{batch.pk}"
    event = Event(
        action=action,
        subject=ref,
        batch=ref,
        account=batch.account.remote_id,
        result=str(state),
        detail={"counts": dict(closing.counts(batch))},
    )
    record(event, by=by, at=now)
