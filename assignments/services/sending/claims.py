"""Claiming rows: the intent to send is committed before a request may leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import Final, NamedTuple

from django.db import transaction

from assignments.models import Account, Assignment, Batch
from assignments.services.batches import auto_pause, plan_integrity, row_changes, row_pipeline
from assignments.services.batches.row_pipeline import Decision
from assignments.services.planning.request import new_assignment
from assignments.stackone.resources import NewAssignment

State = Assignment.State
TO_SEND: Final = (State.PLANNED, State.QUEUED)


class DueRow(NamedTuple):
    """The ids of a row that may be sent now and of its batch."""

    pk: int
    batch_id: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that a sender has claimed, and what its call needs; `attempt` is its fence."""

    pk: int
    attempt: int
    claimed_at: datetime
    user_id: str
    new: NewAssignment
    row: Assignment


def due(*, account: Account, count: int, turn: int, now: datetime) -> list[DueRow]:
    """Return up to `count` rows that may be sent now.

    Running batches take turns, from number `turn` on; in each, rows queued again come first.
    """
    running = list(Batch.objects.filter(account=account, state=Batch.State.RUNNING).order_by("pk"))
    first = turn % len(running) if running else 0
    due_rows = [_due_of(batch, count, now) for batch in running[first:] + running[:first]]
    in_turns = chain.from_iterable(zip_longest(*due_rows))
    return list(islice((row for row in in_turns if row is not None), count))


@transaction.atomic
def claim(due_rows: Sequence[DueRow], *, sender: str, now: datetime) -> list[Claim]:
    """Move the due rows to `sending` for this sender and return them in their order.

    Rows changed since the review are skipped with the reason, as are those of people and items
    that left the LMS since then: a plan may only lose rows.
    """
    if not due_rows:
        return []
    pks = [row.pk for row in due_rows]
    rows = row_pipeline.lock_rows(
        pks,
        batches={row.batch_id for row in due_rows},
        state__in=TO_SEND,
        batch__state=Batch.State.RUNNING,
    )
    order = {pk: number for number, pk in enumerate(pks)}
    rows = sorted(rows, key=lambda row: order[row.pk])
    row_pipeline.carry_out(_decide(rows, sender, now), now=now)
    return [_claim(row, now) for row in rows if row.state == State.SENDING]


@transaction.atomic
def recover(*, account: Account, sender: str, now: datetime) -> int:
    """Turn the rows that a lost sender left in `sending` into `unknown`; return how many.

    Its requests may have left, so nothing is sent again before a read-back.
    """
    lost = Assignment.objects.filter(batch__account=account, state=State.SENDING)
    batches = dict(lost.exclude(sender=sender).values_list("pk", "batch_id"))
    rows = row_pipeline.lock_rows(batches, batches=batches.values(), state=State.SENDING)
    changes = [row_changes.lose(row, now=now) for row in rows]
    row_pipeline.carry_out(Decision(changes), now=now)
    return len(rows)


def _due_of(batch: Batch, count: int, now: datetime) -> list[DueRow]:
    allowed = auto_pause.sendable_rows(batch)
    count = count if allowed is None else min(count, allowed)
    queued = batch.assignments.filter(state=State.QUEUED, send_at__lte=now)
    pks = list(queued.order_by("send_at", "position").values_list("pk", flat=True)[:count])
    planned = batch.assignments.filter(state=State.PLANNED).order_by("position")
    pks += planned.values_list("pk", flat=True)[: count - len(pks)]
    return [DueRow(pk, batch.pk) for pk in pks]


def _decide(rows: Sequence[Assignment], sender: str, now: datetime) -> Decision:
    """Sort rows into those to send and those to skip, and batches into those to pause."""
    checked = plan_integrity.check_rows(rows)
    reasons = {row.pk: _reason_to_skip(row) for row in checked.unchanged}
    reasons |= {row.pk: plan_integrity.CHANGED for row in checked.changed}
    to_skip = [row for row in (*checked.unchanged, *checked.changed) if reasons[row.pk]]
    to_send = [row for row in checked.unchanged if not reasons[row.pk]]
    skips = [row_changes.skip(row, reasons[row.pk], now=now) for row in to_skip]
    sends = [row_changes.send(row, sender=sender, now=now) for row in to_send]
    closable = {row.batch_id for row in to_skip}
    return Decision([*skips, *sends], pauses=checked.pauses, closable=closable)


def _reason_to_skip(row: Assignment) -> str:
    if not row.learner.is_active:
        return "The person has become inactive in the LMS since the review."
    if not row.content.is_active:
        return "The item was retired in the LMS since the review."
    return ""


def _claim(row: Assignment, now: datetime) -> Claim:
    return Claim(row.pk, row.attempt, now, row.learner_remote_id, new_assignment(row), row)
