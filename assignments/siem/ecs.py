"""Entries as events of the Elastic Common Schema, 8.17: https://www.elastic.co/guide/en/ecs/8.17/.

An event names nobody: people are refs, as in the entry, and `event.original` is the entry's exact
bytes, so that `event.hash`, its leaf in the tree, can be worked out again by whoever has it.
"""

import json
from datetime import datetime
from typing import Any, Final

import orjson

from assignments.audit.entries.canonical import UNREADABLE, Entry, timestamp
from assignments.audit.entries.sentences import sentence
from assignments.audit.export.pack_readme import application
from assignments.audit.export.scope import Stored
from assignments.audit.integrity.verdicts import BROKEN_WORDS
from assignments.queries.absolute_urls import link
from assignments.siem.sending import Event

VERSION: Final = "8.17.0"
DATASET: Final = "assignment_desk.audit"
# By action, or by what it is about: event.category and the event.type that goes with it.
KINDS: Final = {
    "user.signed_in": ("authentication", ["start"]),
    "user.signed_out": ("authentication", ["end"]),
    "user.sign_in_refused": ("authentication", ["start"]),
    "user.roles_changed": ("iam", ["user", "change"]),
    "personal_data.erased": ("iam", ["user", "deletion"]),
    "session.ended": ("session", ["end"]),
    "access_token.created": ("iam", ["creation"]),
    "access_token.revoked": ("iam", ["deletion"]),
    "assignment.attempted": ("api", ["start"]),
    "assignment.created": ("api", ["creation"]),
    "assignment.rejected": ("api", ["denied"]),
    "assignment": ("api", ["info"]),
    "log.searched": ("database", ["access"]),
    "log.exported": ("database", ["access"]),
    "export.downloaded": ("file", ["access"]),
    "export.file_deleted": ("file", ["deletion"]),
    "log": ("database", ["info"]),
    "entry": ("database", ["access"]),
    "hold": ("configuration", ["change"]),
    "account": ("configuration", ["change"]),
    "content": ("configuration", ["change"]),
    "settings": ("configuration", ["change"]),
}
FAILURES: Final = frozenset(
    {"user.sign_in_refused", "assignment.rejected", "export.failed", "log.damage_detected"}
)
OPEN: Final = frozenset({"assignment.attempted", "assignment.unknown"})
LABELS: Final = ("subject", "batch", "account", "cause", "result")


def event_of(entry: Stored, *, now: datetime) -> Event:
    """Return the entry as an event; one that cannot be read any more is an event as well."""
    common = {
        "id": str(entry.seq),
        "sequence": entry.seq,
        "dataset": DATASET,
        "hash": entry.leaf.hex(),
        "original": entry.body.decode(errors="replace"),
        "reference": link("entry", entry.seq),
    }
    try:
        told = _told(orjson.loads(entry.body))
    except UNREADABLE:
        told = {"event": {"kind": "pipeline_error"}, "message": "This entry cannot be read."}
    event = {
        "@timestamp": timestamp(now),
        "ecs": {"version": VERSION},
        "service": {"name": application()},
        **told,
        "event": {**common, **told["event"]},
    }
    return Event(event["@timestamp"], json.dumps(event, separators=(",", ":")).encode())


def _told(entry: Entry) -> dict[str, Any]:
    by, people = entry["actor"]["ref"], [person["ref"] for person in entry["people"]]
    user: dict[str, Any] = {"id": by}
    if people:
        user["target"] = {"id": people[0]}
    labels = {name: entry[name] for name in LABELS if entry[name]}
    told: dict[str, Any] = {
        "@timestamp": entry["at"],
        "message": f"{by} {sentence(entry, people[0] if people else 'somebody')}",
        "event": _classified(entry),
        "user": user,
        "related": {"user": list(dict.fromkeys([by, *people]))},
        "labels": {**labels, "means": entry["actor"]["means"]},
    }
    if entry["request_id"]:
        told["http"] = {"request": {"id": entry["request_id"]}}
    return told


def _classified(entry: Entry) -> dict[str, Any]:
    action = entry["action"]
    category, types = KINDS.get(action) or KINDS.get(action.partition(".")[0]) or ("", ["info"])
    found: dict[str, Any] = {"kind": "event", "action": action, "type": types}
    return found | {"category": [category] if category else [], "outcome": _outcome(entry)}


def _outcome(entry: Entry) -> str:
    if entry["action"] in OPEN:
        return "unknown"
    has_failed = entry["action"] in FAILURES or entry["result"] in BROKEN_WORDS
    return "failure" if has_failed else "success"
