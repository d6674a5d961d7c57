"""Writing assignment rows in groups: fenced, set-based, together with their attempts and events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event
from assignments.models import Assignment, Batch, Content, Learner
from assignments.models.sql.bulk import update
from assignments.services.redaction import unnaming, without_names

State = Assignment.State

COLUMNS: Final = (
    "state",
    "send_at",
    "unknown_at",
    "read_back_at",
    "checks",
    "resends",
    "remote_id",
    "response_status",
    "problem",
    "problem_field",
    "settled_at",
)
_columns: Final = attrgetter(*COLUMNS)
# What delivery has a use for, of the person.
PERSON: Final = tuple(
    f"learner__{name}" for name in ("name", "email", "external_reference", "is_active")
)


# Parts of an entry's detail that are in others' words.
SAID: Final = frozenset({"problem", "reply", "reason"})


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one row, and the log entry that says so."""

    row: Assignment
    event: Event
    values: dict[str, object] = field(default_factory=dict)


def locked(pks: Iterable[int], **conditions: object) -> dict[int, Assignment]:
    """Return the rows that still meet the conditions, locked until the transaction ends.

    Each comes with its learner, content and batch; those that rows share are read once.
    """
    wanted = Assignment.objects.filter(pk__in_list=list(pks), **conditions).select_related(
        "learner"
    )
    with_names = wanted.only(*(field.name for field in Assignment._meta.fields), *PERSON)
    rows = list(with_names.select_for_update(of=("self",)).order_by("pk"))
    batches = Batch.objects.select_related("by", "account").in_bulk({row.batch_id for row in rows})
    content = Content.objects.in_bulk({row.content_id for row in rows})
    for row in rows:
        row.batch, row.content = batches[row.batch_id], content[row.content_id]
    return {row.pk: row for row in rows}


def write(changes: Sequence[Change]) -> None:
    """Write every change; the rows must be locked by this transaction."""
    for change in changes:
        for name, value in change.values.items():
            setattr(change.row, name, value)
        if change.row.problem:
            change.row.problem = without_names(change.row.problem, names(change.row.learner))
    update(Assignment, COLUMNS, ((*_columns(change.row), change.row.pk) for change in changes))


def actor_of(row: Assignment) -> Actor:
    """Return the real person behind a row that a worker acts on."""
    by = row.batch.by
    return Actor(
        ref=f"user/{by.pk}",
        name=row.batch.by_name,
        email=by.get_username(),
        means="worker",
        request_id=row.batch.request_id,
    )


def event(row: Assignment, action: str, result: str, **detail: object) -> Event:
    """Return the log entry of one row, naming the learner by commitment and the item in clear.

    Whatever the LMS said of them names them no more.
    """
    learner, content = row.learner, row.content
    if said := SAID.intersection(detail):
        unnamed = unnaming(names(learner))
        for part in said:
            detail[part] = _each(detail[part], unnamed)
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


def names(learner: Learner) -> tuple[str, ...]:
    """Return what a text may name the person by."""
    return (learner.name, learner.email, learner.external_reference)


def settled(state: State, at: datetime, **more: object) -> dict[str, object]:
    """Return the values of a row that has reached a final state."""
    return {"state": state, "settled_at": at, "read_back_at": None, **more}


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """Return the value with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each(part, change) for name, part in value.items()}
    return value
