"""Release: let batches run whose grace period or start time has passed."""

from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Batch
from assignments.services.batches import completion, late_duplicates, plan_integrity


def release_due(*, account: Account, now: datetime) -> None:
    """Release every batch of the account whose start time has come."""
    waiting = Batch.objects.filter(account=account, state=Batch.State.WAITING, starts_at__lte=now)
    for pk in waiting.order_by("starts_at", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            batch = (
                Batch.objects.select_for_update(of=("self",), no_key=True)
                .select_related("by")
                .get(pk=pk)
            )
            if batch.state == Batch.State.WAITING:
                release(batch=batch, by=completion.person_of(batch), now=now)


def release(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Let the batch run if its rows are the ones that were reviewed and approved; else pause it.

    The batch must be locked by the caller's transaction.
    """
    batch.pause_reason = plan_integrity.objection(batch)
    may_run = not batch.pause_reason
    batch.state = Batch.State.RUNNING if may_run else Batch.State.PAUSED
    batch.started_at = now if may_run else None
    batch.save(update_fields=["state", "started_at", "pause_reason"])
    detail = {"plan_digest": batch.plan_digest, "reason": batch.pause_reason}
    event = Event(
        action="batch.released" if may_run else "batch.paused",
        subject=batch.ref,
        batch=batch.ref,
        cause=batch.ref,
        result=str(batch.state),
        detail=detail,
    )
    record(event, by=by, at=now)
    if may_run:
        late_duplicates.skip_late_duplicates(batch, now=now)
