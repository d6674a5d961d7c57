"""Entries in readable form: the body, with every personal value that is not erased."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import orjson

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.entries.canonical import (
    INDEXES,
    UNREADABLE,
    Entry,
    require_known_version,
    timestamp,
)
from assignments.audit.entries.commitments import ALTERED_NAME, clear_values
from assignments.audit.entries.sentences import action_words, batch_number, sentence
from assignments.models import LogEntry
from assignments.models.directory import ERASED

PERSONAL: Final = ("name", "email", "reference", "ip")
_TIMESTAMP_LENGTH: Final = len("2026-11-23T10:43:00.123456Z")
_TEXTS: Final = ("at", "action", "result", "batch", "subject", "account", "request_id")


class Party(NamedTuple):
    """An actor or person of an entry: their ref, and the values that are not erased."""

    ref: str
    name: str
    email: str
    reference: str
    ip: str
    is_erased: bool

    @property
    def is_altered(self) -> bool:
        """Whether a value beside the log is not the one recorded, so that it is not shown."""
        # The mark itself, not a person whose name reads like it.
        return any(value is ALTERED_NAME for value in self)

    def __str__(self) -> str:
        if self.ref == "system":
            return "the system"
        return self.name or self.email or self.reference or (ERASED if self.is_erased else self.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableEntry:
    """One entry, as lists and its own page show it.

    `sentence` follows the actor's name; `body` is the hashed text, parsed; `leaf` is its hash in
    hexadecimal.
    """

    seq: int
    at: datetime
    actor: Party
    people: tuple[Party, ...]
    action: str
    action_words: str
    sentence: str
    result: str
    batch: str
    batch_number: str
    request_id: str
    body: Entry
    leaf: str

    @property
    def done_by(self) -> str:
        """Who did it, and for whom if the product did it by itself."""
        is_by_worker = self.body["actor"].get("means") == "worker"
        is_for_person = is_by_worker and self.actor.ref != SYSTEM.ref
        return f"Assignment Desk, for {self.actor}" if is_for_person else str(self.actor)

    @property
    def has_altered_name(self) -> bool:
        """Whether a name in the entry was altered beside the log."""
        return any(party.is_altered for party in (self.actor, *self.people))


def readable_entries(entries: Iterable[LogEntry]) -> list[ReadableEntry]:
    """Return the entries in readable form, with one query for all personal values."""
    pairs = [(entry, body_of(entry.seq, entry.body)) for entry in entries]
    clear = clear_values(commit for _, body in pairs for commit in commitments(body))
    return [_readable(entry, body, clear) for entry, body in pairs]


def body_of(seq: int, stored: bytes | memoryview) -> Entry:
    """Return the body of an entry, parsed.

    An altered entry must still be shown: an unreadable body is replaced by the index columns.
    """
    try:
        body: Entry = orjson.loads(stored)
        _check(body)
    except UNREADABLE:
        entry = LogEntry.objects.get(seq=seq)
        columns = {name: getattr(entry, name) for name in ("at", *INDEXES)}
        readable = {**columns, "at": timestamp(entry.at)}
        return {**readable, "actor": {"ref": entry.actor}, "people": [], "detail": {}}
    return body


def party_of(fields: Entry, clear: Mapping[str, str]) -> Party:
    """Return an actor or person of a body.

    :param clear: the values that are not erased, by commitment, as `clear_values` returns them
    """
    values = [clear.get(fields[name]["commit"]) if name in fields else "" for name in PERSONAL]
    name, email, reference, ip = (value or "" for value in values)
    return Party(fields["ref"], name, email, reference, ip, is_erased=None in values)


def commitments(body: Entry) -> list[str]:
    """Return the commitments in an entry."""
    parties = [body["actor"], *body["people"]]
    return [party[name]["commit"] for party in parties for name in PERSONAL if name in party]


def refs(body: Entry) -> set[str]:
    """Return the refs of the actor and of the people whom the entry is about."""
    return {body["actor"]["ref"], *(person["ref"] for person in body["people"])}


def _check(body: Entry) -> None:
    """Read everything that is shown, so that a body that lacks it raises one of UNREADABLE."""
    require_known_version(body)
    commitments(body)
    _ = body["detail"].get, datetime.fromisoformat(body["at"])
    if {*map(type, refs(body)), *[type(body[name]) for name in _TEXTS]} != {str}:
        raise TypeError
    if len(body["at"]) != _TIMESTAMP_LENGTH:
        raise ValueError


def _readable(entry: LogEntry, body: Entry, clear: Mapping[str, str]) -> ReadableEntry:
    people = tuple(party_of(person, clear) for person in body["people"])
    return ReadableEntry(
        seq=entry.seq,
        at=entry.at,
        actor=party_of(body["actor"], clear),
        people=people,
        action=body["action"],
        action_words=action_words(body["action"]),
        sentence=sentence(body, ", ".join(map(str, people)) or "somebody"),
        result=body["result"],
        batch=body["batch"],
        batch_number=batch_number(body["batch"]),
        request_id=body["request_id"],
        body=body,
        leaf=bytes(entry.leaf).hex(),
    )
