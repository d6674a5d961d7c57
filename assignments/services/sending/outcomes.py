"""What an answer means for its row: the policy, and writing a group of outcomes with their log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from django.db import transaction

from assignments.models import Account, Assignment, Attempt, RemoteAssignment
from assignments.models.sql.bulk import insert
from assignments.services.batches import auto_pause, completion, lock_order, row_updates
from assignments.services.calls import rate_budget
from assignments.services.calls.call_process import EndedCall
from assignments.services.calls.connections import clear_outage, pause_account, record_outage
from assignments.services.planning.request import json_body
from assignments.services.sending import call_counts, call_log
from assignments.services.sending.claims import FIRST_LOOK, Claim, record_for_people
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    NotSent,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.resources import CreatedAssignment

State = Assignment.State
Answer = EndedCall[Claim, CreatedAssignment]
REMOTE: Final = (
    "account_id",
    "remote_id",
    "learner_id",
    "content_id",
    "learner_remote_id",
    "content_remote_id",
    "content_reference",
    "status",
    "due_at",
    "assigned_at",
    "first_seen_at",
)
ATTEMPT: Final = (
    "assignment_id",
    "number",
    "started_at",
    "finished_at",
    "outcome",
    "response_status",
    "problem",
)
LONGEST_PAUSE: Final = timedelta(seconds=60)
ACTIONS: Final = {
    State.QUEUED: "assignment.deferred",
    State.UNKNOWN: "assignment.outcome_unknown",
    State.REJECTED: "assignment.rejected",
}


def settle(*, account: Account, sender: str, answers: Sequence[Answer], now: datetime) -> None:
    """Write what the answers mean; an answer whose fence no longer fits changes nothing."""
    replies = [answer.result for answer in answers]
    _hold_budget(replies, now)
    refused = next((reply for reply in replies if isinstance(reply, AccountUnusable)), None)
    with transaction.atomic():
        _note_reach(account, replies, now)
        lock_order.lock(
            account=account if refused else None,
            batches={answer.job.row.batch_id for answer in answers},
        )
        fenced = _fenced(answers, sender)
        changes = [_change(answer.job.row, answer) for answer in fenced]
        row_updates.write(changes)
        _keep_attempts(fenced)
        changed = [change.row for change in changes]
        keep_remote(changed, now)
        record_for_people([(change.row, change.event) for change in changes], now)
        auto_pause.watch({row.batch_id for row in changed if _is_telling(row)}, now=now)
        completion.close_batches({row.batch_id for row in changed}, now=now)
        if refused:
            pause_account(account=account, error=refused, now=now)
        call_counts.count((answer.ended_at, str(answer.job.row.state)) for answer in fenced)
    call_log.tell((answer.job.row, _seconds(answer)) for answer in fenced)


def _hold_budget(replies: Sequence[object], now: datetime) -> None:
    for reply in replies:
        if isinstance(reply, RateLimited) and not reply.is_from_provider:
            rate_budget.back_off_until(now + timedelta(seconds=reply.retry_after), now=now)


def _seconds(answer: Answer) -> float:
    if answer.sample is not None:
        return answer.sample.seconds
    return (answer.ended_at - answer.job.claimed_at).total_seconds()


def _is_telling(row: Assignment) -> bool:
    return row.state == State.REJECTED or not row.batch.has_passed_canary


def _fenced(answers: Sequence[Answer], sender: str) -> list[Answer]:
    held = Assignment.objects.filter(
        pk__in_list=[answer.job.pk for answer in answers], state=State.SENDING, sender=sender
    )
    attempts = dict(held.select_for_update().order_by("pk").values_list("pk", "attempt"))
    return [answer for answer in answers if attempts.get(answer.job.pk) == answer.job.attempt]


def keep_remote(changed: Sequence[Assignment], now: datetime) -> None:
    """Add what the LMS confirmed to our copy of it, so that "who has it" is true at once."""
    made = [row for row in changed if row.state == State.CREATED and row.remote_id]
    # In the order in which a sync adds them: neither then waits for the other in a circle.
    made.sort(key=attrgetter("remote_id"))
    insert(RemoteAssignment, REMOTE, (_remote(row, now) for row in made), ignore_conflicts=True)


def _remote(row: Assignment, now: datetime) -> tuple[object, ...]:
    return (
        row.batch.account_id,
        row.remote_id,
        row.learner_id,
        row.content_id,
        row.learner_remote_id,
        row.content_remote_id,
        row.content_reference,
        row.batch.status,
        row.due_at,
        row.sent_at,
        now,
    )


def _change(row: Assignment, answer: Answer) -> row_updates.Change:
    reply, at = answer.result, answer.ended_at
    if isinstance(reply, CreatedAssignment):
        return _created(row, answer, reply)
    values = _values(row, reply, at)
    row.state = State(str(values["state"]))
    action = ACTIONS[row.state]
    event = row_updates.event(
        row,
        action,
        str(row.state),
        request=json_body(answer.job.new),
        reply=reply.response,
        problem=reply.message,
    )
    return row_updates.Change(row, event, values)


def _created(row: Assignment, answer: Answer, reply: CreatedAssignment) -> row_updates.Change:
    at, evidence = (
        answer.ended_at,
        {"request": json_body(answer.job.new), "reply": reply.response},
    )
    if reply.id:
        event = row_updates.event(
            row,
            "assignment.created",
            "created",
            remote_id=reply.id,
            confirmed_by="response",
            **evidence,
        )
        more = {"remote_id": reply.id, "response_status": 201, "problem": "", "problem_field": ""}
        return row_updates.Change(row, event, row_updates.settled(State.CREATED, at, **more))
    problem = "The LMS confirmed it without saying which record it made."
    event = row_updates.event(
        row, "assignment.outcome_unknown", "unknown", problem=problem, **evidence
    )
    return row_updates.Change(row, event, _unknown(at, 201, problem))


def _values(row: Assignment, error: StackOneError, at: datetime) -> dict[str, object]:
    if isinstance(error, NotSent | AccountUnusable):
        pause = _pause(row, error)
        return {"state": State.QUEUED, "send_at": at + pause, "response_status": error.status}
    if isinstance(error, Refused) and not isinstance(error, Conflict):
        more = {"response_status": error.status, "problem_field": error.field}
        return row_updates.settled(State.REJECTED, at, problem=error.message, **more)
    return _unknown(at, error.status, error.message)


def _unknown(at: datetime, status: int | None, problem: str) -> dict[str, object]:
    return {
        "state": State.UNKNOWN,
        "unknown_at": at,
        "read_back_at": at + FIRST_LOOK,
        "response_status": status,
        "problem": problem,
    }


def _pause(row: Assignment, error: StackOneError) -> timedelta:
    if isinstance(error, RateLimited):
        return timedelta(seconds=error.retry_after)
    return min(timedelta(seconds=2 ** min(row.attempt, 6)), LONGEST_PAUSE)


def _keep_attempts(fenced: Sequence[Answer]) -> None:
    insert(Attempt, ATTEMPT, (_attempt(answer.job.row, answer) for answer in fenced))


def _attempt(row: Assignment, answer: Answer) -> tuple[object, ...]:
    started_at = answer.job.claimed_at
    ended = (started_at, answer.ended_at, str(row.state), row.response_status, row.problem)
    return (row.pk, row.attempt, *ended)


def _note_reach(account: Account, replies: Sequence[object], now: datetime) -> None:
    unreached = [
        reply
        for reply in replies
        if isinstance(reply, NotSent) and not isinstance(reply, RateLimited)
    ]
    if replies and len(unreached) == len(replies):
        record_outage(account, now=now)
    elif replies:
        clear_outage(account)
