"""Reconciliation: settle unknown rows by reading back what the LMS holds, never by guessing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from assignments.models import Account, Assignment, Batch
from assignments.services.batches import plan_integrity, row_pipeline
from assignments.services.batches.row_changes import RowChange, cancel, change_of, settled
from assignments.services.batches.row_pipeline import Decision
from assignments.services.calls.call_process import EndedCall
from assignments.services.pacing import rate_budget
from assignments.services.planning.request import new_assignment
from assignments.services.sending import refusals
from assignments.services.sending.call_effects import back_off
from assignments.services.sending.foreign_records import ForeignRecords
from assignments.services.sending.record_matching import (
    CLOCK_TOLERANCE,
    Sought,
    is_same_item,
    may_be_ours,
    record_of_call,
)
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import AccountUnusable, Refused, StackOneError

State = Assignment.State
INTERVALS: Final = tuple(timedelta(seconds=s) for s in (3, 10, 30, 60, 120, 300))
CONFLICT: Final = 409
SUCCESS: Final = range(200, 300)
# After the call, when a record that was confirmed but not found is looked for again.
LATE_READ_BACKS: Final = tuple(timedelta(hours=h) for h in (1, 6, 24))
READ_BACK_STATES: Final = (State.UNKNOWN, State.CONFIRMED)
DOUBTFUL: Final = (
    "The LMS holds this item for the person, but it cannot be told whether this call made it."
)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """An unknown row to be looked up in the LMS; `read_backs` is its fence."""

    pk: int
    batch_id: int
    read_backs: int
    user_id: str


EndedReadBack = EndedCall[ReadBack, UserAssignments]


def due(
    *, account: Account, count: int, in_flight: Collection[int], now: datetime
) -> list[ReadBack]:
    """Return up to `count` read-backs that are due, the longest overdue first.

    :param in_flight: ids of the rows that are being read back already
    """
    unproven = Assignment.objects.filter(
        batch__account=account, state__in=READ_BACK_STATES, read_back_at__lte=now
    ).exclude(pk__in=in_flight)
    rows = unproven.order_by("read_back_at", "pk")[:count]
    return [ReadBack(row.pk, row.batch_id, row.read_backs, row.learner_remote_id) for row in rows]


def settle(*, account: Account, read_backs: Sequence[EndedReadBack], now: datetime) -> None:
    """Write what the read-backs show: created, not visible yet, or for a person to decide."""
    judgement = refusals.judge(account, read_backs, now=now)
    read_backs, refusal = judgement.calls, judgement.account_refusal
    results = [ended.result for ended in read_backs]
    _charge(results, now)
    back_off(results, now=now)
    by_pk = {ended.job.pk: ended for ended in read_backs}
    batches = {ended.job.batch_id for ended in read_backs}
    with transaction.atomic():
        refusals.count_read_backs(account, judgement)
        rows = row_pipeline.lock_rows(
            by_pk, batches=batches, refusal=refusal, state__in=READ_BACK_STATES
        )
        # Nobody else has read a row back since the call began.
        fenced = [row for row in rows if row.read_backs == by_pk[row.pk].job.read_backs]
        changes = _changes(fenced, by_pk, now)
        decision = Decision(changes, watched=batches, closable=batches, refusal=refusal)
        row_pipeline.carry_out(decision, now=now)


def _charge(results: Sequence[object], now: datetime) -> None:
    # One request was reserved before each call; further pages are charged afterwards.
    extra = sum(result.requests - 1 for result in results if isinstance(result, UserAssignments))
    rate_budget.reserve(extra, now=now)


def _changes(
    rows: Sequence[Assignment], by_pk: Mapping[int, EndedReadBack], now: datetime
) -> list[RowChange]:
    results = {row.pk: by_pk[row.pk].result for row in rows}
    read = [row for row in rows if isinstance(results[row.pk], UserAssignments)]
    unchanged = {row.pk for row in plan_integrity.check_rows(read).unchanged}
    foreign = ForeignRecords(rows)
    changes: list[RowChange] = []
    for row in rows:
        result = results[row.pk]
        if isinstance(result, StackOneError):
            change = _not_read(row, result, now)
        elif row.pk not in unchanged:
            change = _for_a_person(row, result, plan_integrity.CHANGED)
        else:
            change = _read(row, result, foreign.ids_for(row), now)
        foreign.credit(row.learner_id, str(change.values.get("remote_id", "")))
        changes.append(change)
    return changes


def _read(
    row: Assignment, held: UserAssignments, foreign: Collection[str], now: datetime
) -> RowChange:
    since = (row.sent_at or now) - _clock_lead(held, now)
    item = (row.content_reference, row.content_remote_id)
    sought = Sought(*item, row.due_at, since, new_assignment(row).assigned_at)
    if row.response_status == CONFLICT:
        match = next((record for record in held.records if is_same_item(record, sought)), None)
    else:
        match = record_of_call(held.records, sought, foreign=foreign)
    if match is not None and match.id:
        return _created(row, match.id, held, now)
    is_doubtful = may_be_ours(held.records, sought, foreign=foreign)
    return _absent(row, held, now, is_doubtful=is_doubtful)


def _clock_lead(held: UserAssignments, now: datetime) -> timedelta:
    """Return by how much our clock is ahead of the LMS's; zero within the tolerance."""
    lead = now - held.responded_at if held.responded_at else timedelta()
    return lead if lead > CLOCK_TOLERANCE else timedelta()


def _created(row: Assignment, remote_id: str, held: UserAssignments, now: datetime) -> RowChange:
    values = settled(State.CREATED, now, remote_id=remote_id, problem="")
    return change_of(
        row,
        "assignment.created",
        "created",
        {**values, "read_backs": row.read_backs + 1},
        {
            "remote_id": remote_id,
            "confirmed_by": "read_back",
            "records_read": len(held.records),
        },
    )


def _absent(
    row: Assignment, held: UserAssignments, now: datetime, *, is_doubtful: bool
) -> RowChange:
    if row.response_status == CONFLICT:
        problem = row.problem or "The LMS refused it as a conflict, and holds no such assignment."
        values = settled(State.REJECTED, now, problem=problem)
        return change_of(row, "assignment.rejected", "rejected", values, {"problem": problem})
    window_ends = (row.unknown_at or now) + timedelta(seconds=settings.SETTLE_SECONDS)
    if now < window_ends:
        interval = INTERVALS[min(row.read_backs, len(INTERVALS) - 1)]
        read_back_at = min(now + interval, max(window_ends, now + INTERVALS[0]))
        return _looked_up(row, held, read_back_at.isoformat(), read_back_at=read_back_at)
    return _after_window(row, held, now, is_doubtful=is_doubtful)


def _after_window(
    row: Assignment, held: UserAssignments, now: datetime, *, is_doubtful: bool
) -> RowChange:
    if is_doubtful or row.is_contradictory:
        return _for_a_person(row, held, DOUBTFUL if is_doubtful else row.problem)
    if row.response_status in SUCCESS:
        return _confirmed(row, held, now)
    if row.batch.state in {Batch.State.STOPPED, Batch.State.CANCELLED}:
        problem = "The LMS does not have it, and the batch was stopped."
        return cancel(row, now=now, problem=problem)
    return _for_a_person(row, held, row.problem) if row.resends else _queued_again(row, now)


def _confirmed(row: Assignment, held: UserAssignments, now: datetime) -> RowChange:
    """Return the change of a row that the LMS took and does not show; it is never sent again."""
    called_at = row.unknown_at or now
    later = (called_at + after for after in LATE_READ_BACKS if called_at + after > now)
    read_back_at = next(later, None)
    if row.state == State.CONFIRMED:
        next_step = read_back_at.isoformat() if read_back_at else "a person decides"
        return _looked_up(row, held, next_step, read_back_at=read_back_at)
    problem = "The LMS confirmed it, and does not show it."
    values = {
        "state": State.CONFIRMED,
        "read_backs": row.read_backs + 1,
        "read_back_at": read_back_at,
        "problem": problem,
    }
    detail = {"problem": problem, "records_read": len(held.records)}
    return change_of(row, "assignment.confirmed", "confirmed", values, detail)


def _queued_again(row: Assignment, now: datetime) -> RowChange:
    problem = f"The LMS does not have it after {settings.SETTLE_SECONDS} seconds."
    values = {"state": State.QUEUED, "send_at": now, "resends": 1, "read_back_at": None}
    return change_of(row, "assignment.requeued", "queued", values, {"problem": problem})


def _for_a_person(row: Assignment, held: UserAssignments, problem: str) -> RowChange:
    return _looked_up(row, held, "a person decides", read_back_at=None, problem=problem)


def _looked_up(
    row: Assignment, held: UserAssignments, next_step: str, **values: object
) -> RowChange:
    return change_of(
        row,
        "assignment.looked_up",
        "absent",
        {"read_backs": row.read_backs + 1, **values},
        {"records_read": len(held.records), "next_step": next_step},
    )


def _not_read(row: Assignment, error: StackOneError, now: datetime) -> RowChange:
    values: dict[str, object] = {"read_back_at": now + INTERVALS[2]}
    if isinstance(error, AccountUnusable):
        values |= refusals.counted(row, error)
    elif isinstance(error, Refused):
        problem = f"It could not be looked up: {error.message}"[:500]
        values = {"read_back_at": None, "problem": problem}
    return change_of(
        row,
        "assignment.looked_up",
        "not_read",
        values,
        {"problem": error.message, "response": error.response},
    )
