"""What a decision does to one assignment row: its new values and what the log says; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assignments.audit.log import Event
from assignments.models import Assignment
from assignments.services.planning import own_terms
from assignments.services.planning.called_rows import called_digest
from assignments.services.planning.passthrough import secret_texts
from assignments.services.redaction import logged_person, names_of, redact_names

State = Assignment.State
FIRST_READ_BACK: Final = timedelta(seconds=2)
# Values and parts of an entry's detail that were written by the LMS or by a person.
FREE_TEXT: Final = frozenset({"problem", "response", "reason"})
PASSTHROUGH: Final = "[passthrough]"
MAX_PROBLEM_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class GroupStep:
    """A technical step of a row, which shares its log entry with other rows of its batch.

    :ivar event: the entry without its detail
    :ivar facts: JSON without personal data; rows with the same facts are listed together
    :ivar digest: of whom and what a call is about, if this step starts one
    """

    event: Event
    facts: Mapping[str, object]
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class RowChange:
    """New values of a row by column, and its log entry or its part of a group's entry.

    :param ended_at: when the row's call ended (UTC), if this change ends an attempt
    """

    row: Assignment
    event: Event | GroupStep
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
    return RowChange(row, event, _without_names(values, row), ended_at)


def group_change(
    row: Assignment,
    action: str,
    result: str,
    values: Mapping[str, object],
    facts: Mapping[str, object],
    *,
    digest: bytes = b"",
    ended_at: datetime | None = None,
) -> RowChange:
    """Return a change that is logged together with those of other rows, without the learner."""
    ref = row.batch.ref
    event = Event(action=action, subject=ref, result=result, batch=ref, cause=ref)
    step = GroupStep(event, _without_names(facts, row), digest)
    return RowChange(row, step, _without_names(values, row), ended_at)


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
        "is_contradictory": False,
        "problem": "",
        "problem_field": "",
    }
    facts = {"attempt": row.attempt + 1, "sender": sender}
    digest = called_digest(row)
    return group_change(row, "calls.started", "sending", values, facts, digest=digest)


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
    content, person = row.content, logged_person(row.learner)
    item = {
        "ref": f"content/{content.pk}",
        "title": content.title,
        "reference": row.content_reference,
    }
    if row.batch.has_several_due_dates:
        detail["due_at"] = row.due_at.isoformat() if row.due_at else None
    if row.started_in is not None:
        detail["started_in"] = row.started_in
    return Event(
        action=action,
        subject=f"assignment/{row.pk}",
        result=result,
        batch=row.batch.ref,
        cause=row.batch.ref,
        people=(person,),
        detail={"content": item, "attempt": row.attempt, **_redacted(detail, row)},
    )


def _without_names(values: Mapping[str, object], row: Assignment) -> dict[str, object]:
    redacted = dict(_redacted(values, row))
    if "problem" in redacted:
        # Redaction may have made it longer.
        redacted["problem"] = str(redacted["problem"])[:MAX_PROBLEM_CHARACTERS]
    return redacted


def _redacted(values: Mapping[str, object], row: Assignment) -> Mapping[str, object]:
    """Return the values without the learner's name and the passthrough in free text."""
    texts = {name: values[name] for name in FREE_TEXT if values.get(name)}
    if not texts:
        return values
    batch, texts = row.batch, redact_names(texts, names_of(row.learner))
    own = own_terms.load(row.own_terms).terms if row.own_terms else {}
    of_item = own_terms.terms_of_item(batch.item_terms, row.content_reference)
    passthroughs = (batch.passthrough, of_item.get("passthrough"), own.get("passthrough"))
    for passthrough in filter(None, passthroughs):
        texts = redact_names(texts, secret_texts(passthrough), replacement=PASSTHROUGH)
    return {**values, **texts}
