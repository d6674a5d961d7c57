"""What the end of a call means for its row, and writing a group of such outcomes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from assignments.models import Account, Assignment
from assignments.services.batches import row_pipeline
from assignments.services.batches.row_changes import (
    RowChange,
    change_of,
    group_change,
    settled,
    unknown,
)
from assignments.services.batches.row_pipeline import AccountRefusal, Decision
from assignments.services.calls.call_process import EndedCall
from assignments.services.planning.request import logged_body
from assignments.services.sending import call_counts, call_log, refusals
from assignments.services.sending.call_effects import back_off, note_reachability
from assignments.services.sending.claims import Claim
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    Contradiction,
    HeldBack,
    NotSent,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.resources import CreatedAssignment

State = Assignment.State
EndedSend = EndedCall[Claim, CreatedAssignment]
LONGEST_DELAY: Final = timedelta(seconds=60)
ACTIONS: Final = {
    State.UNKNOWN: "assignment.outcome_unknown",
    State.REJECTED: "assignment.rejected",
}


def settle(*, account: Account, sender: str, calls: Sequence[EndedSend], now: datetime) -> None:
    """Write what the ended calls mean; a call whose fence no longer matches changes nothing."""
    judgement = refusals.judge(account, calls, now=now)
    calls, refusal = judgement.calls, judgement.account_refusal
    results = [call.result for call in calls]
    back_off(results, now=now)
    with transaction.atomic():
        note_reachability(account, results, now=now)
        refusals.count_creates(account, judgement, now=now)
        row_pipeline.lock_batches((call.job.row.batch_id for call in calls), refusal)
        fenced = _fenced(calls, sender)
        row_pipeline.carry_out(_decide(fenced, refusal), now=now)
        made = [call for call in fenced if not isinstance(call.result, HeldBack)]
        call_counts.count((call.ended_at, str(call.job.row.state)) for call in made)
    call_log.log_calls((call.job.row, _seconds(call)) for call in made)


def _fenced(calls: Sequence[EndedSend], sender: str) -> list[EndedSend]:
    """Lock the rows that this sender is still sending; return the calls of their last attempt."""
    rows = Assignment.objects.filter(
        pk__in_list=[call.job.pk for call in calls], state=State.SENDING, sender=sender
    )
    attempts = dict(rows.select_for_update().order_by("pk").values_list("pk", "attempt"))
    return [call for call in calls if attempts.get(call.job.pk) == call.job.attempt]


def _decide(calls: Sequence[EndedSend], refusal: AccountRefusal | None) -> Decision:
    changes = [_change(call) for call in calls]
    return Decision(
        changes,
        watched={change.row.batch_id for change in changes if _may_change_watch(change)},
        closable={change.row.batch_id for change in changes},
        refusal=refusal,
    )


def _may_change_watch(change: RowChange) -> bool:
    is_rejected = change.values["state"] == State.REJECTED
    return is_rejected or not change.row.batch.has_passed_canary


def _change(call: EndedSend) -> RowChange:
    row, result, at = call.job.row, call.result, call.ended_at
    if isinstance(result, CreatedAssignment):
        return _created(call, result)
    values = _values(row, result, at)
    state = State(str(values["state"]))
    if state == State.QUEUED:
        return _deferred(row, values, result, at)
    return change_of(
        row,
        ACTIONS[state],
        str(state),
        values,
        {
            "request": logged_body(call.job.new, row),
            "response": result.response,
            "problem": result.message,
        },
        ended_at=at,
    )


def _deferred(
    row: Assignment, values: Mapping[str, object], error: StackOneError, at: datetime
) -> RowChange:
    facts = {
        "attempt": row.attempt,
        "started_in": row.started_in,
        "problem": error.message,
        "status": error.status,
        "next_step": f"sent again after {_delay(row, error).total_seconds():g} seconds",
    }
    return group_change(row, "calls.deferred", "queued", values, facts, ended_at=at)


def _created(call: EndedSend, result: CreatedAssignment) -> RowChange:
    row, at = call.job.row, call.ended_at
    request = logged_body(call.job.new, row)
    detail: dict[str, object] = {"request": request, "response": result.response}
    if result.id:
        values = settled(State.CREATED, at, remote_id=result.id, response_status=result.status)
        detail |= {"remote_id": result.id, "confirmed_by": "response"}
        return change_of(row, "assignment.created", "created", values, detail, ended_at=at)
    problem = "The LMS confirmed it without saying which record it made."
    values = unknown(at, response_status=result.status, problem=problem)
    detail["problem"] = problem
    return change_of(row, ACTIONS[State.UNKNOWN], "unknown", values, detail, ended_at=at)


def _values(row: Assignment, error: StackOneError, at: datetime) -> dict[str, object]:
    if isinstance(error, NotSent | AccountUnusable):
        send_at = at + _delay(row, error)
        later = {"state": State.QUEUED, "send_at": send_at, "response_status": error.status}
        return later | refusals.counted(row, error)
    if isinstance(error, Refused) and not isinstance(error, Conflict):
        reasons = {"problem": error.message, "problem_field": error.field}
        return settled(State.REJECTED, at, response_status=error.status, **reasons)
    return unknown(
        at,
        response_status=error.status,
        is_contradictory=isinstance(error, Contradiction),
        problem=error.message,
    )


def _delay(row: Assignment, error: StackOneError) -> timedelta:
    if isinstance(error, HeldBack):
        return timedelta()
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return timedelta(seconds=error.retry_after)
    return min(timedelta(seconds=2 ** min(row.attempt, 6)), LONGEST_DELAY)


def _seconds(call: EndedSend) -> float:
    if call.sample is not None:
        return call.sample.seconds
    return (call.ended_at - call.job.claimed_at).total_seconds()
