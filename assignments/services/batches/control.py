"""What a person does to a whole batch: hold, undo, start, pause, resume and stop it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Batch, Draft
from assignments.services.batches import completion, release, withdrawal

Batches = Batch.State
NOT_YET: Final = (
    "It waits for another manager's approval; nothing else can be done with it until then."
)
NOTHING: Final[Mapping[str, object]] = {}


class ControlRefused(Exception):
    """It cannot be done to the batch as it is now; the message says why."""


def undo(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Withdraw a batch before anything left; its draft can be changed and reviewed again."""
    with transaction.atomic():
        batch = locked(batch, {Batches.WAITING, Batches.HELD}, "It has started; use Stop instead.")
        batch.state = Batches.CANCELLED
        give_back(batch, "batch.cancelled", by=by, now=now, why=why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


@transaction.atomic
def hold(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Keep a batch from starting until a person starts or undoes it."""
    batch = locked(batch, {Batches.WAITING}, "It has started already.")
    batch.state, batch.starts_at = Batches.HELD, None
    move(batch, "batch.held", "starts_at", by=by, now=now, why=why)


@transaction.atomic
def start_now(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Start a batch without waiting for the end of its hold or for its time."""
    batch = locked(batch, {Batches.WAITING, Batches.HELD}, "It has started already.")
    release.release(batch=batch, by=by, now=now)


@transaction.atomic
def pause(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Send nothing more until it is resumed; calls in flight end by themselves."""
    batch = locked(batch, {Batches.RUNNING}, "It is not running.")
    batch.state, batch.pause_reason = Batches.PAUSED, f"Paused by {by.name}{_because(why)}."
    move(batch, "batch.paused", "pause_reason", by=by, now=now, why=why)


@transaction.atomic
def resume(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Go on with a paused batch; failures until now do not pause it again."""
    batch = locked(batch, {Batches.PAUSED}, "It is not paused.")
    if batch.started_at is None:
        raise ControlRefused("Its rows are not the ones that were reviewed. Stop it.")
    run_again(batch, by=by, now=now, why=why)
    completion.close_batches([batch.pk], now=now)


def stop(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """End a batch; what has not left is withdrawn, what is unknown is still settled.

    From the first commit on nothing more is claimed; the rows follow in groups, those of a large
    batch by a worker.
    """
    with transaction.atomic():
        batch = locked(batch, {Batches.RUNNING, Batches.PAUSED}, "It is not running.")
        batch.state, batch.finished_at = Batches.STOPPED, now
        move(batch, "batch.stopped", "finished_at", by=by, now=now, why=why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


def run_again(batch: Batch, *, by: Actor, now: datetime, why: str) -> None:
    """Let a locked batch run on, watched from now on."""
    batch.state, batch.pause_reason = Batches.RUNNING, ""
    batch.finished_at, batch.failures_counted_from = None, now
    fields = ("pause_reason", "finished_at", "failures_counted_from")
    move(batch, "batch.resumed", *fields, by=by, now=now, why=why)


def locked(batch: Batch, states: set[Batches], otherwise: str) -> Batch:
    """Return the batch as it is now, locked until the transaction ends.

    :raises ControlRefused: saying `otherwise`, if it is in none of the states
    """
    found = Batch.objects.select_for_update(of=("self",), no_key=True).select_related(
        "by", "account"
    )
    current = found.get(pk=batch.pk)
    if current.state == Batches.APPROVAL and current.state not in states:
        raise ControlRefused(NOT_YET)
    if current.state not in states:
        raise ControlRefused(otherwise)
    return current


def give_back(
    batch: Batch,
    action: str,
    *,
    by: Actor,
    now: datetime,
    why: str,
    told: Mapping[str, object] = NOTHING,
) -> None:
    """End a locked batch of which nothing was sent; its draft can be changed and reviewed again."""
    draft_id = batch.submission_key
    # The draft's next plan needs the key; this batch stays as the record of what was undone.
    batch.submission_key, batch.finished_at = uuid.uuid4(), now
    move(batch, action, "submission_key", "finished_at", by=by, now=now, why=why, told=told)
    Draft.objects.filter(pk=draft_id).update(is_submitted=False, changed_at=now)


def move(
    batch: Batch,
    action: str,
    *fields: str,
    by: Actor,
    now: datetime,
    why: str,
    told: Mapping[str, object] = NOTHING,
) -> None:
    """Store a locked batch's new state and the named fields, with the entry that says so.

    :param told: what the entry says besides the counts and the reason
    """
    batch.save(update_fields=["state", *fields])
    ref = f"batch/{batch.pk}"
    reason = {"reason": why} if why else {}
    event = Event(
        action=action,
        subject=ref,
        batch=ref,
        account=batch.account.remote_id,
        result=str(batch.state),
        detail={"counts": dict(completion.counts(batch)), **told, **reason},
    )
    record(event, by=by, at=now)


def _because(why: str) -> str:
    return f": “{why.rstrip('.')}”" if why else ""
