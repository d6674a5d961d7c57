"""What a person does to a whole batch: hold, undo, start, pause, resume and stop it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import record
from assignments.models import Batch, Draft
from assignments.services.batches import completion, release, withdrawal
from assignments.services.batches.batch_event import batch_event

Batches = Batch.State
AWAITS_APPROVAL: Final = (
    "It waits for another manager's approval; nothing else can be done with it until then."
)
NO_DETAIL: Final[Mapping[str, object]] = {}


class ControlRefused(Exception):
    """The batch's state does not allow the action; the message says why."""


def undo(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Withdraw a batch before anything was sent; its draft can be changed and reviewed again."""
    with transaction.atomic():
        batch = lock_batch(
            batch, {Batches.WAITING, Batches.HELD}, "It has started; use Stop instead."
        )
        batch.state = Batches.CANCELLED
        reopen_draft(batch, "batch.cancelled", by=by, now=now, why=why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


@transaction.atomic
def hold(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Keep a batch from starting until a person starts or undoes it."""
    batch = lock_batch(batch, {Batches.WAITING}, "It has started already.")
    batch.state, batch.starts_at = Batches.HELD, None
    save_state(batch, "batch.held", "starts_at", by=by, now=now, why=why)


@transaction.atomic
def start_now(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Start a batch without waiting for the end of its grace period or for its start time."""
    batch = lock_batch(batch, {Batches.WAITING, Batches.HELD}, "It has started already.")
    release.release(batch=batch, by=by, now=now)


@transaction.atomic
def pause(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Send nothing more until the batch is resumed; calls in flight still end and are recorded."""
    batch = lock_batch(batch, {Batches.RUNNING}, "It is not running.")
    batch.state, batch.pause_reason = Batches.PAUSED, f"Paused by {by.name}{_quoted(why)}."
    save_state(batch, "batch.paused", "pause_reason", by=by, now=now, why=why)


@transaction.atomic
def resume(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Continue a paused batch; earlier failures no longer count towards an auto-pause."""
    batch = lock_batch(batch, {Batches.PAUSED}, "It is not paused.")
    if batch.started_at is None:
        raise ControlRefused("Its rows are not the ones that were reviewed. Stop it.")
    run_again(batch, by=by, now=now, why=why)
    completion.close_batches([batch.pk], now=now)


def stop(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """End a batch: unsent rows are withdrawn, unknown rows are still reconciled.

    After the first commit nothing more is claimed; the rows follow in groups, those of a large
    batch by a worker.
    """
    with transaction.atomic():
        batch = lock_batch(batch, {Batches.RUNNING, Batches.PAUSED}, "It is not running.")
        batch.state, batch.finished_at = Batches.STOPPED, now
        save_state(batch, "batch.stopped", "finished_at", by=by, now=now, why=why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


def run_again(batch: Batch, *, by: Actor, now: datetime, why: str) -> None:
    """Set a locked batch running again; only failures from now on count for an auto-pause."""
    batch.state, batch.pause_reason = Batches.RUNNING, ""
    batch.finished_at, batch.failures_counted_from = None, now
    fields = ("pause_reason", "finished_at", "failures_counted_from")
    save_state(batch, "batch.resumed", *fields, by=by, now=now, why=why)


def lock_batch(batch: Batch, states: set[Batches], refusal: str) -> Batch:
    """Return the batch as it is stored now, locked until the transaction ends.

    :raises ControlRefused: with the message `refusal`, if it is in none of the states
    """
    batches = Batch.objects.select_for_update(of=("self",), no_key=True)
    current = batches.select_related("by", "account").get(pk=batch.pk)
    if current.state == Batches.APPROVAL and current.state not in states:
        raise ControlRefused(AWAITS_APPROVAL)
    if current.state not in states:
        raise ControlRefused(refusal)
    return current


def reopen_draft(
    batch: Batch,
    action: str,
    *,
    by: Actor,
    now: datetime,
    why: str,
    detail: Mapping[str, object] = NO_DETAIL,
) -> None:
    """End a locked batch of which nothing was sent; its draft can be changed and reviewed again."""
    draft_id = batch.submission_key
    # The draft's next plan needs the key; this batch stays as the record of what was undone.
    batch.submission_key, batch.finished_at = uuid.uuid4(), now
    fields = ("submission_key", "finished_at")
    save_state(batch, action, *fields, by=by, now=now, why=why, detail=detail)
    Draft.objects.filter(pk=draft_id).update(is_submitted=False, changed_at=now)


def save_state(
    batch: Batch,
    action: str,
    *fields: str,
    by: Actor,
    now: datetime,
    why: str,
    detail: Mapping[str, object] = NO_DETAIL,
) -> None:
    """Store a locked batch's new state and the named fields, and record the action.

    :param detail: what the entry contains besides the counts and the reason
    """
    batch.save(update_fields=["state", *fields])
    reason = {"reason": why} if why else {}
    facts = {"counts": dict(completion.counts(batch)), **detail, **reason}
    record(batch_event(batch, action, str(batch.state), facts), by=by, at=now)


def _quoted(why: str) -> str:
    return f": “{why.rstrip('.')}”" if why else ""
