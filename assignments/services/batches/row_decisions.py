"""What a person decides about failed rows: send again, accept as existing, or close unconfirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Final

from django.db import transaction
from django.db.models import Q

from assignments.audit.entries.actors import Actor
from assignments.models import Assignment, Batch
from assignments.queries.failures import CLOSABLE, ON_RECORD, RETRYABLE
from assignments.services.batches import row_pipeline
from assignments.services.batches.control import ControlRefused, lock_batch, run_again
from assignments.services.batches.row_changes import RowChange, change_of, settled
from assignments.services.batches.row_pipeline import Decision

State = Assignment.State
Batches = Batch.State
CHUNK: Final = 1_000
ANY_ROW: Final = Q()
CAN_SEND: Final = {Batches.DONE, Batches.RUNNING, Batches.PAUSED}
CAN_SETTLE: Final = {*CAN_SEND, Batches.STOPPED}
NOT_SENDABLE: Final = "It was stopped or has not started; copy it to a new draft instead."


@dataclass(frozen=True, slots=True)
class _Action:
    """How a decision changes a row, which rows it applies to, and in which states of the batch.

    `refusal` is the message if it applies to no row.
    """

    change: Callable[[Assignment], RowChange]
    applies_to: Q
    states: set[Batches]
    refusal: str


def retry(*, batch: Batch, by: Actor, now: datetime, why: str = "", among: Q = ANY_ROW) -> int:
    """Queue again rows that the LMS refused or that wait for a person; return how many.

    :param among: condition on the rows
    :raises ControlRefused: if it applies to no row, or the batch was stopped
    """

    def change(row: Assignment) -> RowChange:
        values = {"state": State.QUEUED, "send_at": now, "settled_at": None, "read_back_at": None}
        detail = {"trigger": "retry", **_reason(why)}
        return change_of(row, "assignment.requeued", "queued", values, detail)

    refusal = "None of these rows can be sent again: they are settled or still being processed."
    return _decide(batch, _Action(change, RETRYABLE, CAN_SEND, refusal), among, by, now)


def accept_existing(
    *, batch: Batch, by: Actor, now: datetime, why: str = "", among: Q = ANY_ROW
) -> int:
    """Settle rows that the LMS refused because it has them already; return how many.

    :param among: condition on the rows
    :raises ControlRefused: if it applies to no row
    """
    problem = "Already on their record, which was accepted."

    def change(row: Assignment) -> RowChange:
        return _settle(row, "assignment.accepted_existing", problem, why, now)

    refusal = "Nothing here was refused because the LMS has it already."
    return _decide(batch, _Action(change, ON_RECORD, CAN_SETTLE, refusal), among, by, now)


def close_unconfirmed(
    *, batch: Batch, by: Actor, now: datetime, why: str = "", among: Q = ANY_ROW
) -> int:
    """Settle rows that could not be confirmed, without sending them again; return how many.

    :param among: condition on the rows
    :raises ControlRefused: if it applies to no row
    """
    problem = "Closed without confirmation."

    def change(row: Assignment) -> RowChange:
        return _settle(row, "assignment.closed_unconfirmed", problem, why, now)

    refusal = "Nothing here waits for a person to decide."
    return _decide(batch, _Action(change, CLOSABLE, CAN_SETTLE, refusal), among, by, now)


def _decide(batch: Batch, action: _Action, among: Q, by: Actor, now: datetime) -> int:
    rows = batch.assignments.filter(action.applies_to & among).order_by("position")
    # Read once: a row that fails again while this runs is not decided about twice.
    pks = list(rows.values_list("pk", flat=True))
    chunks = list(batched(pks, CHUNK)) or [()]
    decided = sum(_decide_chunk(batch, action, chunk, by, now) for chunk in chunks)
    if not decided:
        raise ControlRefused(action.refusal)
    return decided


@transaction.atomic
def _decide_chunk(
    batch: Batch, action: _Action, pks: Sequence[int], by: Actor, now: datetime
) -> int:
    batch = lock_batch(batch, action.states, NOT_SENDABLE)
    applicable = batch.assignments.filter(action.applies_to, pk__in=pks)
    rows = row_pipeline.lock_rows(applicable.values_list("pk", flat=True))
    row_pipeline.carry_out(Decision([action.change(row) for row in rows]), now=now, by=by)
    if batch.state == Batches.DONE and any(row.state == State.QUEUED for row in rows):
        run_again(batch, by=by, now=now, why="")
    return len(rows)


def _settle(row: Assignment, action: str, problem: str, why: str, now: datetime) -> RowChange:
    values = settled(State.SKIPPED, now, problem=problem)
    return change_of(row, action, "skipped", values, {"problem": problem, **_reason(why)})


def _reason(why: str) -> dict[str, str]:
    return {"reason": why} if why else {}
