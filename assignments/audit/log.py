"""Appending to the log: entries join the transaction of the fact they tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection

from assignments import trace
from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.audit.entries.canonical import (
    INDEXES,
    VERSION,
    Entry,
    canonical,
    indexes_of,
    timestamp,
)
from assignments.audit.entries.commitments import Commitments
from assignments.audit.integrity import alarm, recovery
from assignments.audit.merkle.tree import Frontier, leaf_hash
from assignments.models import LogEntry, LogHead
from assignments.models.sql.bulk import insert, stored_datetime

_COLUMNS: Final = ("at", *INDEXES, "body", "leaf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, before it has a number, a time and an actor.

    `detail` is plain JSON without personal data or secrets.
    """

    action: str
    subject: str = ""
    result: str = ""
    batch: str = ""
    account: str = ""
    cause: str = ""
    people: tuple[Person, ...] = ()
    detail: Mapping[str, object] = field(default_factory=dict)


def record(event: Event, *, by: Actor, at: datetime) -> int:
    """Append one entry and return its number.

    :raises RuntimeError: outside a transaction
    """
    return record_all([event], by=by, at=at).start


def record_all(events: Sequence[Event], *, by: Actor, at: datetime) -> range:
    """Append a group of entries under one lock of the head and return their numbers.

    They are kept if, and only if, the transaction they are appended in is.

    :raises RuntimeError: outside a transaction
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An entry is recorded in the transaction of the fact it tells of.")
    if not events:
        return range(0)
    tree, broken = recovery.lock_head(len(events) + 1)
    if broken:
        alarm.raise_alarm(broken.sentence)
        tree = _append(tree, [_told_of(broken)], by=SYSTEM, at=at)
    _append(tree, events, by=by, at=at)
    return range(tree.size, tree.size + len(events))


def _told_of(broken: recovery.Damage) -> Event:
    result = "head lost" if broken.is_head_lost else "entries after the head"
    return Event(action=recovery.ACTION, subject="log", result=result, detail=broken.detail)


def _append(tree: Frontier, events: Sequence[Event], *, by: Actor, at: datetime) -> Frontier:
    commitments = Commitments([by, *(person for event in events for person in event.people)])
    made = _made(by, at, commitments)
    entries = [
        {"seq": seq, **made, **_told(event, commitments)}
        for seq, event in enumerate(events, tree.size)
    ]
    bodies = [canonical(entry) for entry in entries]
    leaves = [leaf_hash(body) for body in bodies]
    moment = stored_datetime(at)
    rows = (
        (moment, *indexes_of(entry), body, leaf)
        for entry, body, leaf in zip(entries, bodies, leaves, strict=True)
    )
    insert(LogEntry, _COLUMNS, rows)
    grown = tree.append(leaves)
    LogHead.objects.update(size=grown.size, frontier=grown.to_bytes())
    return grown


def _made(by: Actor, at: datetime, commitments: Commitments) -> Entry:
    means = {"ref": by.ref, "means": by.means, "session": by.session}
    actor = {**means, **commitments.of(by)}
    request_id = by.request_id or trace.request_id()
    return {"v": VERSION, "at": timestamp(at), "actor": actor, "request_id": request_id}


def _told(event: Event, commitments: Commitments) -> Entry:
    people = [{"ref": person.ref, **commitments.of(person)} for person in event.people]
    return {
        "action": event.action,
        "cause": event.cause,
        "account": event.account,
        "batch": event.batch,
        "subject": event.subject,
        "result": event.result,
        "people": people,
        "detail": event.detail,
    }
