"""What a person decides about rows that failed: send again, accept, or leave as they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Final

from django.db import transaction
from django.db.models import Q

from assignments.audit.entries.actors import Actor
from assignments.audit.log import record_all
from assignments.models import Assignment, Batch
from assignments.queries.failures import FAILED, ON_RECORD, UNDECIDED
from assignments.services.batches import row_updates
from assignments.services.batches.control import ControlRefused, locked, run_again

State = Assignment.State
Batches = Batch.State
CHUNK: Final = 1_000
ANY_ROW: Final = Q()
CAN_SEND: Final = {Batches.DONE, Batches.RUNNING, Batches.PAUSED}
CAN_SETTLE: Final = {*CAN_SEND, Batches.STOPPED}
NOT_NOW: Final = "It was stopped or has not started; copy it to a new draft instead."


@dataclass(frozen=True, slots=True)
class _Decision:
    """What becomes of a row, which rows it may be about, and in which states of the batch."""

    change: Callable[[Assignment], row_updates.Change]
    about: Q
    states: set[Batches]
    refusal: str


def retry(*, batch: Batch, by: Actor, now: datetime, why: str = "", among: Q = ANY_ROW) -> int:
    """Queue again what the LMS refused or what waits for a person; return how many.

    :param among: which of those rows
    :raises ControlRefused: if it is none, or the batch was stopped
    """

    def change(row: Assignment) -> row_updates.Change:
        event = row_updates.event(row, "assignment.requeued", "queued", why="retry", **_reason(why))
        again = {"state": State.QUEUED, "send_at": now, "settled_at": None, "read_back_at": None}
        return row_updates.Change(row, event, {**again})

    refusal = "Nothing here can be sent again: it is settled or still moving by itself."
    return _decide(batch, _Decision(change, FAILED, CAN_SEND, refusal), among, by, now)


def accept(*, batch: Batch, by: Actor, now: datetime, why: str = "", among: Q = ANY_ROW) -> int:
    """Settle rows that the LMS refused because it has them already; return how many.

    :param among: which of those rows
    :raises ControlRefused: if it is none
    """
    problem = "Already on their record, which was accepted."

    def change(row: Assignment) -> row_updates.Change:
        return _settled(row, "assignment.accepted_existing", problem, why, now)

    refusal = "Nothing here was refused because the LMS has it already."
    return _decide(batch, _Decision(change, ON_RECORD, CAN_SETTLE, refusal), among, by, now)


def leave(*, batch: Batch, by: Actor, now: datetime, why: str = "", among: Q = ANY_ROW) -> int:
    """Settle rows that could not be confirmed, without sending them again; return how many.

    :param among: which of those rows
    :raises ControlRefused: if it is none
    """
    problem = "Not confirmed, and left as it is."

    def change(row: Assignment) -> row_updates.Change:
        return _settled(row, "assignment.closed_unconfirmed", problem, why, now)

    refusal = "Nothing here waits for a person to decide."
    return _decide(batch, _Decision(change, UNDECIDED, CAN_SETTLE, refusal), among, by, now)


def _decide(batch: Batch, decision: _Decision, among: Q, by: Actor, now: datetime) -> int:
    found = batch.assignments.filter(decision.about & among).order_by("position")
    # Read once: a row that fails again meanwhile is not decided about twice.
    pks = list(found.values_list("pk", flat=True))
    groups = list(batched(pks, CHUNK, strict=False)) or [()]
    decided = sum(_decide_group(batch, decision, group, by, now) for group in groups)
    if not decided:
        raise ControlRefused(decision.refusal)
    return decided


@transaction.atomic
def _decide_group(
    batch: Batch, decision: _Decision, pks: Sequence[int], by: Actor, now: datetime
) -> int:
    batch = locked(batch, decision.states, NOT_NOW)
    still = batch.assignments.filter(decision.about, pk__in=pks)
    changes = [
        decision.change(row)
        for row in row_updates.locked(still.values_list("pk", flat=True)).values()
    ]
    row_updates.write(changes)
    record_all([change.event for change in changes], by=by, at=now)
    if batch.state == Batches.DONE and any(row.row.state == State.QUEUED for row in changes):
        run_again(batch, by=by, now=now, why="")
    return len(changes)


def _settled(
    row: Assignment, action: str, problem: str, why: str, now: datetime
) -> row_updates.Change:
    event = row_updates.event(row, action, "skipped", problem=problem, **_reason(why))
    return row_updates.Change(row, event, row_updates.settled(State.SKIPPED, now, problem=problem))


def _reason(why: str) -> dict[str, str]:
    return {"reason": why} if why else {}
