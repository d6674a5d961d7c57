"""Entries as people read them: the body, with every name that is not erased."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from assignments.audit.bodies import INDEXES, Entry, indexes_of
from assignments.audit.personal import clear_values
from assignments.audit.sentences import action_words, batch_number, sentence
from assignments.models import LogEntry

ERASED: Final = "an erased person"
_PERSONAL: Final = ("name", "email", "reference", "ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
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
class EntryLine:
    """One entry: what a row of a list shows, and all that its own page needs.

    `sentence` is to be read after the actor's name; `body` is what was hashed, read as JSON.
    """

    seq: int
    at: datetime
    actor: Named
    people: tuple[Named, ...]
    action: str
    action_words: str
    sentence: str
    result: str
    batch: str
    batch_number: str
    request_id: str
    body: Entry
    leaf: str


def entry_lines(entries: Iterable[LogEntry]) -> list[EntryLine]:
    """Return the entries as people read them; the names of all of them cost one query."""
    read = [(entry, _body(entry)) for entry in entries]
    clear = clear_values(commit for _, body in read for commit in _commitments(body))
    return [_line(entry, body, clear) for entry, body in read]


def _body(entry: LogEntry) -> Entry:
    # An altered entry must still be shown: what its columns say stands in for a broken body.
    try:
        body: Entry = json.loads(bytes(entry.body))
        indexes_of(body)
        _commitments(body)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        columns = {name: getattr(entry, name) for name in INDEXES}
        return {**columns, "actor": {"ref": entry.actor}, "people": [], "detail": {}}
    return body


def _line(entry: LogEntry, body: Entry, clear: Mapping[str, str]) -> EntryLine:
    people = tuple(_named(somebody, clear) for somebody in body["people"])
    return EntryLine(
        seq=entry.seq,
        at=entry.at,
        actor=_named(body["actor"], clear),
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


def _named(somebody: Mapping[str, Any], clear: Mapping[str, str]) -> Named:
    commits = {name: somebody[name]["commit"] for name in _PERSONAL if name in somebody}
    known = {name: clear.get(commits.get(name, ""), "") for name in _PERSONAL}
    is_erased = any(commit not in clear for commit in commits.values())
    return Named(ref=somebody["ref"], is_erased=is_erased, **known)


def _commitments(body: Entry) -> list[str]:
    everybody = [body["actor"], *body["people"]]
    return [
        somebody[name]["commit"] for somebody in everybody for name in _PERSONAL if name in somebody
    ]
