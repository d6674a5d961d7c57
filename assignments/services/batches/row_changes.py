"""What a decision does to one assignment row: its new values and the log entry about it; no I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from assignments.audit.entries.actors import Person
from assignments.audit.log import Event
from assignments.models import Assignment, Learner
from assignments.services.redaction import name_redactor, redact_names

State = Assignment.State
FIRST_READ_BACK: Final = timedelta(seconds=2)
# Parts of an entry's detail that were written by the LMS or by a person.
FREE_TEXT: Final = frozenset({"problem", "response", "reason"})


@dataclass(frozen=True, slots=True)
class RowChange:
    """New values of a row by column, and the log entry about it.

    :param ended_at: when the row's call ended (UTC), if this change ends an attempt
    """

    row: Assignment
    event: Event
    values: Mapping[str, object]
    ended_at: datetime | None = None


def settled(state: State, at: datetime, **values: object) -> dict[str, object]:
    """Return the values of a row that reaches a final state at this time."""
    return {"state": state, "settled_at": at, "read_back_at": None, **values}


def unknown(at: datetime, **values: object) -> dict[str, object]:
    """Return the values of a row whose outcome is unknown since this time."""
    read_back_at = at + FIRST_READ_BACK
    return {"state": State.UNKNOWN, "unknown_at": at, "read_back_at": read_back_at, **values}


def change_of(
    row: Assignment,
    action: str,
    result: str,
    values: Mapping[str, object],
    detail: Mapping[str, object],
    *,
    ended_at: datetime | None = None,
) -> RowChange:
    """Return a change whose problem and log entry no longer name the learner."""
    event = row_event(row, action, result, **detail)
    if values.get("problem"):
        problem = redact_names(str(values["problem"]), names_of(row.learner))
        values = {**values, "problem": problem}
    return RowChange(row, event, values, ended_at)


def send(row: Assignment, *, sender: str, now: datetime) -> RowChange:
    """Return the change of a row that a sender claims; its attempt is the fence of its outcome."""
    values = {
        "state": State.SENDING,
        "attempt": row.attempt + 1,
        "sender": sender,
        "send_at": now,
        "sent_at": now,
        "unknown_at": None,
        "read_back_at": None,
        "read_backs": 0,
        "response_status": None,
        "problem": "",
        "problem_field": "",
    }
    return change_of(row, "assignment.attempted", "sending", values, {"attempt": row.attempt + 1})


def lose(row: Assignment, *, now: datetime) -> RowChange:
    """Return the change of a row whose sender disappeared before its call ended."""
    problem = "The worker stopped before the LMS responded."
    values = unknown(now, problem=problem)
    action = "assignment.outcome_unknown"
    return change_of(row, action, "unknown", values, {"problem": problem}, ended_at=now)


def skip(row: Assignment, reason: str, *, now: datetime) -> RowChange:
    """Return the change of a row that is not sent on purpose."""
    values = settled(State.SKIPPED, now, problem=reason)
    return change_of(row, "assignment.skipped", "skipped", values, {"problem": reason})


def cancel(row: Assignment, *, now: datetime, **problem: str) -> RowChange:
    """Return the change of a row that is withdrawn and will not be sent."""
    values = settled(State.CANCELLED, now, **problem)
    return change_of(row, "assignment.cancelled", "cancelled", values, problem)


def row_event(row: Assignment, action: str, result: str, **detail: object) -> Event:
    """Return the log entry of one row, with the learner by commitment and the item in clear.

    The learner's name, e-mail and reference are removed from everything that the LMS or a person
    wrote. A part of `detail` replaces the entry's own part of that name.
    """
    learner, content = row.learner, row.content
    if free_text := FREE_TEXT.intersection(detail):
        redact = name_redactor(names_of(learner))
        for part in free_text:
            detail[part] = _map_texts(detail[part], redact)
    person = Person(
        ref=f"learner/{learner.pk}",
        name=learner.name,
        email=learner.email,
        reference=learner.external_reference,
    )
    item = {
        "ref": f"content/{content.pk}",
        "title": content.title,
        "reference": row.content_reference,
    }
    if row.batch.has_several_due_dates:
        detail["due_at"] = row.due_at.isoformat() if row.due_at else None
    return Event(
        action=action,
        subject=f"assignment/{row.pk}",
        result=result,
        batch=f"batch/{row.batch_id}",
        cause=f"batch/{row.batch_id}",
        people=(person,),
        detail={"content": item, "attempt": row.attempt, **detail},
    )


def names_of(learner: Learner) -> tuple[str, ...]:
    """Return everything by which a text may name the learner."""
    return (learner.name, learner.email, learner.external_reference)


# JSON, of any depth.
def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return the JSON value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _map_texts(part, change) for name, part in value.items()}
    return value
