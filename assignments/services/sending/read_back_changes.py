"""What a read-back changes about one row, and what the log says about it; no I/O."""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from assignments.models import Assignment
from assignments.services.batches.row_changes import RowChange, change_of, group_change, settled
from assignments.services.sending import refusals
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import AccountUnusable, Refused, StackOneError

State = Assignment.State
# After the call, when a record that was confirmed but not found is looked for again.
LATE_READ_BACKS: Final = tuple(timedelta(hours=h) for h in (1, 6, 24))
# After a read-back that failed: the longer the row is unknown already, the later the next one.
SHORTEST_RETRY: Final = timedelta(seconds=30)
LONGEST_RETRY: Final = timedelta(minutes=30)
RETRY_SHARE: Final = 1 / 10


def created(row: Assignment, remote_id: str, held: UserAssignments, now: datetime) -> RowChange:
    """Return the change of a row whose record the LMS holds."""
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


def confirmed(row: Assignment, held: UserAssignments, now: datetime) -> RowChange:
    """Return the change of a row that the LMS took and does not show; it is never sent again."""
    called_at = row.unknown_at or now
    later = (called_at + after for after in LATE_READ_BACKS if called_at + after > now)
    read_back_at = next(later, None)
    if row.state == State.CONFIRMED:
        if read_back_at is None:
            return for_a_person(row, held, row.problem)
        return looked_up(row, held, read_back_at)
    problem = "The LMS confirmed it, and does not show it."
    values = {
        "state": State.CONFIRMED,
        "read_backs": row.read_backs + 1,
        "read_back_at": read_back_at,
        "problem": problem,
    }
    detail = {"problem": problem, "records_read": len(held.records)}
    return change_of(row, "assignment.confirmed", "confirmed", values, detail)


def queued_again(row: Assignment, now: datetime) -> RowChange:
    """Return the change of a row that the LMS does not hold; it is sent again, once."""
    problem = f"The LMS does not have it after {settings.SETTLE_SECONDS} seconds."
    values = {"state": State.QUEUED, "send_at": now, "resends": 1, "read_back_at": None}
    return change_of(row, "assignment.requeued", "queued", values, {"problem": problem})


def for_a_person(row: Assignment, held: UserAssignments, problem: str) -> RowChange:
    """Return the change of a row that nothing but a person's decision can settle."""
    values = {"read_backs": row.read_backs + 1, "read_back_at": None, "problem": problem}
    detail = {"problem": problem, "records_read": len(held.records)}
    return change_of(row, "assignment.referred", "absent", values, detail)


def looked_up(row: Assignment, held: UserAssignments, read_back_at: datetime) -> RowChange:
    """Return the change of a row whose record was not found, and that is looked up again then."""
    values = {"read_backs": row.read_backs + 1, "read_back_at": read_back_at}
    facts = {
        "attempt": row.attempt,
        "records_read": len(held.records),
        "next_step": _looked_up_again(read_back_at),
    }
    return group_change(row, "assignments.looked_up", "absent", values, facts)


def not_read(row: Assignment, error: StackOneError, now: datetime) -> RowChange:
    """Return the change of a row whose read-back failed; after a day of it a person decides."""
    unknown_for = now - (row.unknown_at or now)
    retry_after = min(max(SHORTEST_RETRY, unknown_for * RETRY_SHARE), LONGEST_RETRY)
    is_over = isinstance(error, Refused) or unknown_for > LATE_READ_BACKS[-1]
    if is_over and not isinstance(error, AccountUnusable):
        problem = f"It could not be looked up: {error.message}"
        detail = {"problem": error.message, "response": error.response}
        values: dict[str, object] = {"read_back_at": None, "problem": problem}
        return change_of(row, "assignment.referred", "not_read", values, detail)
    values = {"read_back_at": now + retry_after, **refusals.counted(row, error)}
    facts = {
        "attempt": row.attempt,
        "problem": error.message,
        "status": error.status,
        "next_step": _looked_up_again(now + retry_after),
    }
    return group_change(row, "assignments.looked_up", "not_read", values, facts)


def _looked_up_again(at: datetime) -> str:
    return f"looked up again at {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
