"""Entries as people read them: the body, with every name that is not erased."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from assignments.audit.entries.canonical import (
    INDEXES,
    UNREADABLE,
    Entry,
    require_known_version,
    timestamp,
)
from assignments.audit.entries.commitments import clear_values
from assignments.audit.entries.sentences import action_words, batch_number, sentence
from assignments.models import LogEntry
from assignments.models.directory import ERASED

_PERSONAL: Final = ("name", "email", "reference", "ip")
_MOMENT: Final = len("2026-11-23T10:43:00.123456Z")
_NEEDED: Final = ("at", "action", "result", "batch", "subject", "account", "request_id")


class Party(NamedTuple):
    """Somebody in an entry: their ref, and what is still known of them in clear."""

    ref: str
    name: str
    email: str
    reference: str
    ip: str
    is_erased: bool

    def __str__(self) -> str:
        if self.ref == "system":
            return "the system"
        return self.name or self.email or self.reference or (ERASED if self.is_erased else self.ref)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadableEntry:
    """One entry: what a row of a list shows, and all that its own page needs.

    `sentence` is to be read after the actor's name; `body` is what was hashed, read as JSON.
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


def readable_entries(entries: Iterable[LogEntry]) -> list[ReadableEntry]:
    """Return the entries as people read them; the names of all of them cost one query."""
    read = [(entry, body_of(entry.seq, entry.body)) for entry in entries]
    clear = clear_values(commit for _, body in read for commit in commitments(body))
    return [_line(entry, body, clear) for entry, body in read]


def body_of(seq: int, stored: bytes | memoryview) -> Entry:
    """Return what was hashed, read as JSON.

    An altered entry must still be shown: what its columns say stands in for a broken body.
    """
    try:
        body: Entry = orjson.loads(stored)
        _check(body)
    except UNREADABLE:
        entry = LogEntry.objects.get(seq=seq)
        columns = {name: getattr(entry, name) for name in ("at", *INDEXES)}
        told = {**columns, "at": timestamp(entry.at)}
        return {**told, "actor": {"ref": entry.actor}, "people": [], "detail": {}}
    return body


def party(somebody: Mapping[str, Any], clear: Mapping[str, str]) -> Party:
    """Return somebody of an entry with what is known of them in clear."""
    known, is_erased = [], False
    for name in _PERSONAL:
        value = clear.get(somebody[name]["commit"]) if name in somebody else ""
        is_erased = is_erased or value is None
        known.append(value or "")
    return Party(somebody["ref"], known[0], known[1], known[2], known[3], is_erased)


def commitments(body: Entry) -> list[str]:
    """Return the commitments in an entry."""
    everybody = [body["actor"], *body["people"]]
    return [
        somebody[name]["commit"] for somebody in everybody for name in _PERSONAL if name in somebody
    ]


def refs(body: Entry) -> set[str]:
    """Return who acted and whom the entry speaks of."""
    return {body["actor"]["ref"], *(person["ref"] for person in body["people"])}


def _check(body: Entry) -> None:
    """Look for everything that is shown, so that what lacks it is found here."""
    require_known_version(body)
    commitments(body)
    _ = body["detail"].get, datetime.fromisoformat(body["at"])
    if {*map(type, refs(body)), *[type(body[name]) for name in _NEEDED]} != {str}:
        raise TypeError
    if len(body["at"]) != _MOMENT:
        raise ValueError


def _line(entry: LogEntry, body: Entry, clear: Mapping[str, str]) -> ReadableEntry:
    people = tuple(party(somebody, clear) for somebody in body["people"])
    return ReadableEntry(
        seq=entry.seq,
        at=entry.at,
        actor=party(body["actor"], clear),
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
