"""Completion: close a running batch when none of its rows will change without a person."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Count, Exists, OuterRef

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Assignment, Batch
from assignments.models.sql.statements import format_sql
from assignments.queries.work_due import UNFINISHED

State = Assignment.State

TO_SEND: Final = format_sql(
    "SELECT 1 FROM {rows} WHERE batch_id = %s AND state IN ({states}) LIMIT 1",
    rows=Assignment,
    states=(State.PLANNED, State.QUEUED, State.SENDING),
)


def close_batches(pks: Iterable[int], *, now: datetime) -> None:
    """Mark the running batches done whose rows are all settled or wait for a person."""
    candidates = [pk for pk in pks if not _has_rows_to_send(pk)]
    if not candidates:
        return
    moving = Assignment.objects.filter(UNFINISHED, batch=OuterRef("pk"))
    running = Batch.objects.filter(~Exists(moving), pk__in=candidates, state=Batch.State.RUNNING)
    for batch in running.select_related("by", "account"):
        closed = Batch.objects.filter(pk=batch.pk, state=Batch.State.RUNNING)
        if closed.update(state=Batch.State.DONE, finished_at=now):
            record(_completed(batch), by=person_of(batch), at=now)


def person_of(batch: Batch) -> Actor:
    """Return the person who submitted a batch, as the one on whose behalf the worker acts."""
    return Actor(
        ref=f"user/{batch.by_id}",
        name=batch.by_name,
        email=batch.by.get_username(),
        means="worker",
        request_id=batch.request_id,
    )


def counts(batch: Batch) -> dict[str, int]:
    """Return how many rows of the batch are in each state that occurs."""
    states = Assignment.objects.filter(batch=batch).values("state").order_by("state")
    return dict(states.annotate(n=Count("pk")).values_list("state", "n"))


def _has_rows_to_send(pk: int) -> bool:
    # Runs for every group of outcomes: building the full query takes longer than running this one.
    with connection.cursor() as cursor:
        cursor.execute(TO_SEND, [pk])
        return cursor.fetchone() is not None


def _completed(batch: Batch) -> Event:
    return Event(
        action="batch.completed",
        subject=batch.ref,
        batch=batch.ref,
        cause=batch.ref,
        account=batch.account.remote_id,
        result="completed",
        detail={"counts": dict(counts(batch))},
    )
