"""Releasing batches whose hold is over, and queueing their rows as they are needed."""

from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Assignment, Batch
from assignments.services import closing, rows
from assignments.services.claims import record_for_people, running_batches
from assignments.services.sealing import plan_sha256

State = Assignment.State
CHUNK: Final = 200


def release_due(*, account: Account, now: datetime) -> None:
    """Release every batch of the account whose hold has ended."""
    waiting = Batch.objects.filter(account=account, state=Batch.State.WAITING, starts_at__lte=now)
    for pk in waiting.order_by("starts_at", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            batch = Batch.objects.select_for_update(of=("self",)).select_related("by").get(pk=pk)
            if batch.state == Batch.State.WAITING:
                release(batch=batch, by=closing.person_of(batch), now=now)


def release(*, batch: Batch, by: Actor, now: datetime) -> None:
    """Let the batch run, if its rows are still the ones that were reviewed; else pause it.

    The batch must be locked by the caller's transaction.
    """
    intact = plan_sha256(batch) == batch.plan_sha256
    batch.state = Batch.State.RUNNING if intact else Batch.State.PAUSED
    batch.started_at = now if intact else None
    batch.paused_because = "" if intact else "Its rows are not the ones that were reviewed."
    batch.save(update_fields=["state", "started_at", "paused_because"])
    ref = f"batch/{batch.pk}"
    detail = {"plan_sha256": batch.plan_sha256, "because": batch.paused_because}
    event = Event(
        action="batch.released" if intact else "batch.paused",
        subject=ref,
        batch=ref,
        cause=ref,
        result=str(batch.state),
        detail=detail,
    )
    record(event, by=by, at=now)


def top_up(*, account: Account, count: int, now: datetime) -> int:
    """Queue planned rows of each running batch as far as `count` rows of it are not ready.

    Returns how many rows can be claimed now, at most `count`.
    """
    ready = 0
    for batch in running_batches(account):
        queued = batch.assignments.filter(state=State.QUEUED, send_at__lte=now)
        here = len(queued.values_list("pk")[:count])
        if here < count:
            here += queue_some(batch=batch, count=max(count - here, CHUNK), now=now)
        ready += here
    return min(ready, count)


@transaction.atomic
def queue_some(*, batch: Batch, count: int, now: datetime) -> int:
    """Queue the next planned rows of a running batch, in the plan's order; return how many."""
    planned = batch.assignments.filter(state=State.PLANNED, batch__state=Batch.State.RUNNING)
    pks = planned.order_by("position").values_list("pk", flat=True)[:count]
    found = rows.locked(pks, state=State.PLANNED).values()
    changes = [
        rows.Change(
            row,
            rows.event(row, "assignment.queued", "queued"),
            {"state": State.QUEUED, "send_at": now},
        )
        for row in sorted(found, key=lambda row: row.position)
    ]
    rows.write(changes)
    record_for_people([(change.row, change.event) for change in changes], now)
    return len(changes)
