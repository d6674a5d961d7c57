"""Settling unknown outcomes by reading back what the LMS holds; never by guessing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from assignments.audit.log import Event
from assignments.models import Account, Assignment, Batch
from assignments.services.batches import (
    auto_pause,
    completion,
    lock_order,
    plan_integrity,
    row_updates,
)
from assignments.services.calls import rate_budget
from assignments.services.calls.call_process import EndedCall
from assignments.services.calls.connections import pause_account
from assignments.services.sending.claims import record_for_people
from assignments.services.sending.known_records import KnownRecords
from assignments.services.sending.outcomes import keep_remote
from assignments.services.sending.record_matching import (
    CLOCK_SLACK,
    Sought,
    is_same_item,
    made_by_us,
    may_be_ours,
)
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import AccountUnusable, RateLimited, Refused, StackOneError

State = Assignment.State
STEPS: Final = tuple(timedelta(seconds=s) for s in (3, 10, 30, 60, 120, 300))
CONFLICT: Final = 409
CREATED: Final = 201
DOUBTFUL: Final = (
    "The LMS holds this item for the person, but it cannot be told whether this call made it."
)


@dataclass(frozen=True, slots=True)
class LookUp:
    """One unknown row to be looked up in the LMS; `checks` is its fence."""

    pk: int
    checks: int
    user_id: str


Answer = EndedCall[LookUp, UserAssignments]


def due(*, account: Account, count: int, besides: Collection[int], now: datetime) -> list[LookUp]:
    """Return up to `count` unknown rows whose next read-back is due, longest due first."""
    unknown = Assignment.objects.filter(
        batch__account=account, state=State.UNKNOWN, read_back_at__lte=now
    ).exclude(pk__in=besides)
    found = unknown.order_by("read_back_at", "pk")[:count]
    return [LookUp(row.pk, row.checks, row.learner_remote_id) for row in found]


def settle(*, account: Account, answers: Sequence[Answer], now: datetime) -> None:
    """Write what the read-backs show: found, not there yet, or for a person to decide."""
    _charge(answers, now)
    by_pk = {answer.job.pk: answer for answer in answers}
    refused = next((a.result for a in answers if isinstance(a.result, AccountUnusable)), None)
    with transaction.atomic():
        asked = Assignment.objects.filter(pk__in=by_pk)
        batches = set(asked.values_list("batch_id", flat=True))
        lock_order.lock(account=account if refused else None, batches=batches)
        changes = _changes(by_pk, now)
        row_updates.write(changes)
        keep_remote([change.row for change in changes], now)
        record_for_people([(change.row, change.event) for change in changes], now)
        auto_pause.watch(batches, now=now)
        completion.close_batches(batches, now=now)
        if refused:
            pause_account(account=account, error=refused, now=now)


def _changes(by_pk: Mapping[int, Answer], now: datetime) -> list[row_updates.Change]:
    found = row_updates.locked(by_pk, state=State.UNKNOWN)
    fenced = {pk: row for pk, row in found.items() if row.checks == by_pk[pk].job.checks}
    known = KnownRecords(list(fenced.values()))
    changes: list[row_updates.Change] = []
    for pk, row in fenced.items():
        change = _change(row, by_pk[pk].result, known.before(row), now)
        known.credit(row.learner_id, str(change.values.get("remote_id", "")))
        changes.append(change)
    return changes


def _charge(answers: Sequence[Answer], now: datetime) -> None:
    # One request each was reserved before the call; longer walks are paid for afterwards.
    extra = sum(
        answer.result.requests - 1
        for answer in answers
        if isinstance(answer.result, UserAssignments)
    )
    if extra > 0:
        rate_budget.reserve(extra, now=now)
    for answer in answers:
        if isinstance(answer.result, RateLimited) and not answer.result.is_from_provider:
            rate_budget.back_off_until(now + timedelta(seconds=answer.result.retry_after), now=now)


def _change(
    row: Assignment, reply: UserAssignments | StackOneError, known: Collection[str], now: datetime
) -> row_updates.Change:
    if isinstance(reply, StackOneError):
        return _not_read(row, reply, now)
    if not plan_integrity.is_as_reviewed(row):
        return _for_a_person(row, reply, plan_integrity.CHANGED)
    since = (row.sent_at or now) - _ahead(reply, now)
    sought = Sought(row.content_reference, row.content_remote_id, row.due_at, since)
    if row.response_status == CONFLICT:
        match = next((record for record in reply.records if is_same_item(record, sought)), None)
    else:
        match = made_by_us(reply.records, sought, known=known)
    if match is not None and match.id:
        return _found(row, match.id, reply, now)
    is_doubtful = may_be_ours(reply.records, sought, known=known)
    return _absent(row, reply, now, is_doubtful=is_doubtful)


def _ahead(reply: UserAssignments, now: datetime) -> timedelta:
    """Return by how much our clock is ahead of the LMS's, if by more than clocks may differ."""
    ahead = now - reply.responded_at if reply.responded_at else timedelta()
    return ahead if ahead > CLOCK_SLACK else timedelta()


def _found(
    row: Assignment, remote_id: str, reply: UserAssignments, now: datetime
) -> row_updates.Change:
    detail = {
        "remote_id": remote_id,
        "confirmed_by": "read_back",
        "records_read": len(reply.records),
    }
    event = row_updates.event(row, "assignment.created", "created", **detail)
    values = row_updates.settled(
        State.CREATED, now, remote_id=remote_id, problem="", problem_field=""
    )
    return row_updates.Change(row, event, {**values, "checks": row.checks + 1})


def _absent(
    row: Assignment, reply: UserAssignments, now: datetime, *, is_doubtful: bool
) -> row_updates.Change:
    if row.response_status == CONFLICT:
        problem = row.problem or "The LMS refused it as a conflict, and holds no such assignment."
        event = row_updates.event(row, "assignment.rejected", "rejected", problem=problem)
        return row_updates.Change(
            row, event, row_updates.settled(State.REJECTED, now, problem=problem)
        )
    window_ends = (row.unknown_at or now) + timedelta(seconds=settings.SETTLE_SECONDS)
    if now < window_ends:
        step = STEPS[min(row.checks, len(STEPS) - 1)]
        look_again = min(now + step, max(window_ends, now + STEPS[0]))
        event = _looked(row, reply, look_again.isoformat())
        return row_updates.Change(
            row, event, {"checks": row.checks + 1, "read_back_at": look_again}
        )
    return _after_window(row, reply, now, is_doubtful=is_doubtful)


def _after_window(
    row: Assignment, reply: UserAssignments, now: datetime, *, is_doubtful: bool
) -> row_updates.Change:
    if row.response_status == CREATED:
        event = row_updates.event(
            row, "assignment.created", "created", confirmed_by="response_without_id"
        )
        return row_updates.Change(row, event, row_updates.settled(State.CREATED, now, problem=""))
    if is_doubtful:
        return _for_a_person(row, reply, DOUBTFUL)
    if row.batch.state in {Batch.State.STOPPED, Batch.State.CANCELLED}:
        why = "The LMS does not have it, and the batch was stopped."
        event = row_updates.event(row, "assignment.cancelled", "cancelled", problem=why)
        return row_updates.Change(
            row, event, row_updates.settled(State.CANCELLED, now, problem=why)
        )
    return _for_a_person(row, reply, row.problem) if row.resends else _queued_again(row, now)


def _queued_again(row: Assignment, now: datetime) -> row_updates.Change:
    why = f"The LMS does not have it after {settings.SETTLE_SECONDS} seconds."
    event = row_updates.event(row, "assignment.requeued", "queued", problem=why)
    values = {"state": State.QUEUED, "send_at": now, "resends": 1, "read_back_at": None}
    return row_updates.Change(row, event, values)


def _for_a_person(row: Assignment, reply: UserAssignments, problem: str) -> row_updates.Change:
    event = _looked(row, reply, "a person decides")
    values: dict[str, object] = {"read_back_at": None, "checks": row.checks + 1, "problem": problem}
    return row_updates.Change(row, event, values)


def _looked(row: Assignment, reply: UserAssignments, what_next: str) -> Event:
    records = len(reply.records)
    return row_updates.event(
        row, "assignment.looked_up", "absent", records_read=records, next_step=what_next
    )


def _not_read(row: Assignment, error: StackOneError, now: datetime) -> row_updates.Change:
    detail = {"problem": error.message, "reply": error.response}
    event = row_updates.event(row, "assignment.looked_up", "not_read", **detail)
    if isinstance(error, Refused) and not isinstance(error, AccountUnusable):
        problem = f"It could not be looked up: {error.message}"[:500]
        return row_updates.Change(row, event, {"read_back_at": None, "problem": problem})
    return row_updates.Change(row, event, {"read_back_at": now + STEPS[2]})
