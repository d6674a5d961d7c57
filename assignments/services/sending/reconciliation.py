"""Reconciliation: settle unknown rows by reading back what the LMS holds, never by guessing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
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
from assignments.services.sending import read_back_changes, refusals
from assignments.services.sending.attempted_rows import as_attempted
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
from assignments.stackone.errors import StackOneError

State = Assignment.State
INTERVALS: Final = tuple(timedelta(seconds=s) for s in (3, 10, 30, 60, 120, 300))
CONFLICT: Final = 409
SUCCESS: Final = range(200, 300)
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
    altered = as_attempted(row for row in read if row.pk not in unchanged)
    held = [result for result in results.values() if isinstance(result, UserAssignments)]
    foreign = ForeignRecords(rows, chain.from_iterable(result.records for result in held))
    changes: list[RowChange] = []
    for row in rows:
        result = results[row.pk]
        if isinstance(result, StackOneError):
            change = read_back_changes.not_read(row, result, now)
        elif row.pk in unchanged | altered:
            is_altered = row.pk in altered
            change = _read(row, result, foreign, now, is_altered=is_altered)
        else:
            change = read_back_changes.for_a_person(row, result, plan_integrity.CHANGED)
        foreign.credit(row.learner_id, str(change.values.get("remote_id", "")))
        changes.append(change)
    return changes


def _read(
    row: Assignment,
    held: UserAssignments,
    foreign: ForeignRecords,
    now: datetime,
    *,
    is_altered: bool,
) -> RowChange:
    records, foreign_ids = foreign.own_records(row, held.records), foreign.ids_for(row)
    since = (row.sent_at or now) - _clock_lead(held, now)
    item = (row.content_reference, row.content_remote_id)
    assigned_at = None if is_altered else new_assignment(row).assigned_at
    sought = Sought(*item, row.due_at, since, assigned_at)
    if row.response_status == CONFLICT:
        match = next((record for record in records if is_same_item(record, sought)), None)
    else:
        match = record_of_call(records, sought, foreign=foreign_ids)
    if match is not None and match.id:
        return read_back_changes.created(row, match.id, held, now)
    is_doubtful = may_be_ours(records, sought, foreign=foreign_ids)
    return _absent(row, held, now, is_doubtful=is_doubtful, is_altered=is_altered)


def _clock_lead(held: UserAssignments, now: datetime) -> timedelta:
    """Return by how much our clock is ahead of the LMS's; zero within the tolerance."""
    lead = now - held.responded_at if held.responded_at else timedelta()
    return lead if lead > CLOCK_TOLERANCE else timedelta()


def _absent(
    row: Assignment,
    held: UserAssignments,
    now: datetime,
    *,
    is_doubtful: bool,
    is_altered: bool,
) -> RowChange:
    if row.response_status == CONFLICT:
        problem = row.problem or "The LMS refused it as a conflict, and holds no such assignment."
        values = settled(State.REJECTED, now, problem=problem)
        return change_of(row, "assignment.rejected", "rejected", values, {"problem": problem})
    window_ends = (row.unknown_at or now) + timedelta(seconds=settings.SETTLE_SECONDS)
    if now < window_ends:
        interval = INTERVALS[min(row.read_backs, len(INTERVALS) - 1)]
        read_back_at = min(now + interval, max(window_ends, now + INTERVALS[0]))
        return read_back_changes.looked_up(row, held, read_back_at)
    if is_doubtful or row.is_contradictory:
        return read_back_changes.for_a_person(row, held, DOUBTFUL if is_doubtful else row.problem)
    return _after_window(row, held, now, is_altered=is_altered)


def _after_window(
    row: Assignment, held: UserAssignments, now: datetime, *, is_altered: bool
) -> RowChange:
    if row.response_status in SUCCESS:
        return read_back_changes.confirmed(row, held, now)
    if row.batch.state in {Batch.State.STOPPED, Batch.State.CANCELLED}:
        return cancel(row, now=now, problem="The LMS does not have it, and the batch was stopped.")
    if is_altered:
        problem = (
            "The LMS does not have it, and it was changed after the review: it is not sent again."
        )
        return cancel(row, now=now, problem=problem)
    return (
        read_back_changes.for_a_person(row, held, row.problem)
        if row.resends
        else read_back_changes.queued_again(row, now)
    )
