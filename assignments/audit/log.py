"""Append entries to the log, in the transaction of the change that they record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection, transaction

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
from assignments.audit.integrity import alarm, pinned_mac_key, recovery
from assignments.audit.integrity.trusted_entries import KEY_CHANGED
from assignments.audit.merkle.tree import Frontier, leaf_hash
from assignments.audit.signing.mac_keys import key_id
from assignments.models import LogEntry, LogHead
from assignments.models.sql.bulk import insert, stored_datetime

_COLUMNS: Final = ("at", *INDEXES, "body", "leaf", "mac", "mac_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, before the entry has a number, a time and an actor.

    `detail` is JSON without personal data or secrets; its keys are as permanent as the actions.
    `people` are those whom the entry is about. Refs such as `batch/417` name rows of tables.
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

    They are committed, or rolled back, with the transaction that they are appended in.

    :raises RuntimeError: outside a transaction
    :raises KeyUnavailable: without the key of MACs that the database is used with
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An entry must be recorded in the transaction of its change.")
    if not events:
        return range(0)
    tree, damage = recovery.lock_head(len(events) + 1)
    if damage:
        alarm.raise_alarm(damage.sentence)
        tree = _append(tree, [_damage_event(damage)], by=SYSTEM, at=at)
    _append(tree, events, by=by, at=at)
    return range(tree.size, tree.size + len(events))


@transaction.atomic
def pin_mac_key(*, now: datetime) -> None:
    """Pin the key of MACs before a process starts; a change of the key is recorded.

    :raises KeyUnavailable: without a key, or with another one than the pinned, unless the pinned
        one is among the older keys
    """
    list(LogHead.objects.select_for_update())
    previous = pinned_mac_key.pin(now=now)
    if previous is not None:
        detail = {"previous_key": key_id(previous.fingerprint)}
        record(Event(action=KEY_CHANGED, subject="log", detail=detail), by=SYSTEM, at=now)


def _damage_event(damage: recovery.Damage) -> Event:
    result = "head lost" if damage.is_head_lost else "entries after the head"
    return Event(action=recovery.ACTION, subject="log", result=result, detail=damage.detail)


def _append(tree: Frontier, events: Sequence[Event], *, by: Actor, at: datetime) -> Frontier:
    commitments = Commitments([by, *(person for event in events for person in event.people)])
    common = _common_fields(by, at, commitments)
    entries = [
        {"seq": seq, **common, **_event_fields(event, commitments)}
        for seq, event in enumerate(events, tree.size)
    ]
    bodies = [canonical(entry) for entry in entries]
    leaves = [leaf_hash(body) for body in bodies]
    moment, key = stored_datetime(at), pinned_mac_key.require_pinned_key()
    rows = (
        (moment, *indexes_of(entry), body, leaf, key.mac(leaf), key.id)
        for entry, body, leaf in zip(entries, bodies, leaves, strict=True)
    )
    insert(LogEntry, _COLUMNS, rows)
    grown = tree.append(leaves)
    LogHead.objects.update(size=grown.size, frontier=grown.to_bytes())
    return grown


def _common_fields(by: Actor, at: datetime, commitments: Commitments) -> Entry:
    actor = {"ref": by.ref, "means": by.means, "session": by.session, **commitments.of(by)}
    request_id = by.request_id or trace.request_id()
    return {"v": VERSION, "at": timestamp(at), "actor": actor, "request_id": request_id}


def _event_fields(event: Event, commitments: Commitments) -> Entry:
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
