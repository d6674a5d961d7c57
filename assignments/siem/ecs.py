"""Log entries as events of the Elastic Common Schema 8.17 (elastic.co/guide/en/ecs/8.17).

An event has no names: people are refs, as in the entry. `event.original` is the entry's exact text,
from which anybody can recompute `event.hash`, the entry's leaf hash in the Merkle tree.
"""

from datetime import datetime
from typing import Any, Final

import orjson

from assignments.audit.entries.canonical import UNREADABLE, Entry, timestamp
from assignments.audit.entries.sentences import sentence
from assignments.audit.export.pack_readme import product_version
from assignments.audit.export.scope import StoredEntry
from assignments.audit.integrity.verdicts import BROKEN_WORDS
from assignments.audit.seals.sealing import FORWARDED
from assignments.queries.absolute_urls import page_url
from assignments.siem.events import Event

VERSION: Final = "8.17.0"
DATASET: Final = "assignment_desk.audit"
# The event.category and event.type of an action, or of all actions of a thing.
CLASSES: Final = {
    "user.signed_in": ("authentication", ["start"]),
    "user.signed_out": ("authentication", ["end"]),
    "user.sign_in_refused": ("authentication", ["start"]),
    "user.roles_changed": ("iam", ["user", "change"]),
    "user.details_changed": ("iam", ["user", "change"]),
    "user.address_shared": ("iam", ["user", "info"]),
    "user.address_released": ("iam", ["user", "change"]),
    "personal_data.erased": ("iam", ["user", "deletion"]),
    "session.ended": ("session", ["end"]),
    "access_token.created": ("iam", ["creation"]),
    "access_token.revoked": ("iam", ["deletion"]),
    "batch.approval_refused": ("iam", ["info"]),
    "calls.started": ("api", ["start"]),
    "calls": ("api", ["info"]),
    "assignments": ("api", ["info"]),
    "assignment.created": ("api", ["creation"]),
    "assignment.rejected": ("api", ["denied"]),
    "assignment": ("api", ["info"]),
    "log.searched": ("database", ["access"]),
    "log.exported": ("database", ["access"]),
    "export.downloaded": ("file", ["access"]),
    "export.file_deleted": ("file", ["deletion"]),
    "log": ("database", ["info"]),
    "entry.read": ("database", ["access"]),
    "entry.not_forwarded": ("database", ["error"]),
    "legal_hold": ("configuration", ["change"]),
    "account": ("configuration", ["change"]),
    "content": ("configuration", ["change"]),
    "settings": ("configuration", ["change"]),
}
FAILURES: Final = frozenset(
    {
        "user.sign_in_refused",
        "batch.approval_refused",
        "assignment.rejected",
        "export.failed",
        "log.damage_detected",
        "entry.not_forwarded",
    }
)
PENDING: Final = frozenset(
    {
        "calls.started",
        "calls.deferred",
        "assignments.looked_up",
        "assignment.outcome_unknown",
        "assignment.confirmed",
        "assignment.referred",
    }
)
LABELS: Final = ("subject", "batch", "account", "cause", "result")
# Labels of the entries that say how far the log is forwarded, from which a SIEM can tell a gap.
PROGRESS: Final = ("first_entry", "next_entry", "entries")
# JSON whose fields the Elastic Common Schema defines.
type Document = dict[str, Any]


def event_of(entry: StoredEntry, *, now: datetime) -> Event:
    """Return the event of an entry; an entry that cannot be read gives a `pipeline_error`."""
    try:
        return _event(entry, _fields(orjson.loads(entry.body)), now)
    except UNREADABLE:
        fields = {"event": {"kind": "pipeline_error"}, "message": "This entry cannot be read."}
        return _event(entry, fields, now)


def _event(entry: StoredEntry, fields: Document, now: datetime) -> Event:
    common = {
        "id": str(entry.seq),
        "sequence": entry.seq,
        "dataset": DATASET,
        "hash": entry.leaf.hex(),
        "original": entry.body.decode(errors="replace"),
        "reference": page_url("entry", entry.seq),
    }
    event = {
        "@timestamp": timestamp(now),
        "ecs": {"version": VERSION},
        "service": {"name": product_version()},
        **fields,
        "event": {**common, **fields["event"]},
    }
    # The one control character that JSON leaves as it is, and syslog receivers replace.
    return Event(event["@timestamp"], orjson.dumps(event).replace(b"\x7f", rb"\u007f"))


def _fields(entry: Entry) -> Document:
    by, people = entry["actor"]["ref"], [person["ref"] for person in entry["people"]]
    user: dict[str, object] = {"id": by}
    if people:
        user["target"] = {"id": people[0]}
    labels = {name: entry[name] for name in LABELS if entry[name]}
    if entry["action"] == FORWARDED:
        labels |= {name: entry["detail"][name] for name in PROGRESS}
    fields: Document = {
        "@timestamp": entry["at"],
        "message": f"{by} {sentence(entry, people[0] if people else 'somebody')}",
        "event": _classification(entry),
        "user": user,
        "related": {"user": list(dict.fromkeys([by, *people]))},
        "labels": {**labels, "means": entry["actor"]["means"]},
    }
    if entry["request_id"]:
        fields["http"] = {"request": {"id": entry["request_id"]}}
    return fields


def _classification(entry: Entry) -> dict[str, object]:
    action = entry["action"]
    category, types = CLASSES.get(action) or CLASSES.get(action.partition(".")[0]) or ("", ["info"])
    return {
        "kind": "event",
        "action": action,
        "category": [category] if category else [],
        "type": types,
        "outcome": _outcome(entry),
    }


def _outcome(entry: Entry) -> str:
    if entry["action"] in PENDING:
        return "unknown"
    has_failed = entry["action"] in FAILURES or entry["result"] in BROKEN_WORDS
    return "failure" if has_failed else "success"
