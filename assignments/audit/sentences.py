"""One sentence for every action, to be read after the name of who did it."""

from collections.abc import Mapping
from typing import Final

from assignments.audit.bodies import Entry

SENTENCES: Final[Mapping[str, str]] = {
    "person.signed_in": "signed in",
    "person.signed_out": "signed out",
    "person.refused": "was refused",
    "sync.started": "started a sync of the directory",
    "directory.synced": "synced the directory: {learners}, {contents} and {assignments}",
    "batch.submitted": "submitted batch {batch}: {people}, {items}",
    "batch.held": "held batch {batch}",
    "batch.released": "started batch {batch}",
    "batch.paused": "paused batch {batch}",
    "batch.resumed": "resumed batch {batch}",
    "batch.stopped": "stopped batch {batch}",
    "batch.cancelled": "undid batch {batch} before anything was sent",
    "batch.completed": "completed batch {batch}",
    "assignment.skipped": "skipped {content} for {person}",
    "assignment.cancelled": "withdrew {content} for {person}",
    "assignment.attempted": "began to assign {content} to {person}",
    "assignment.created": "assigned {content} to {person}",
    "assignment.rejected": "tried to assign {content} to {person}",
    "assignment.unknown": "tried to assign {content} to {person} and got no clear answer",
    "assignment.deferred": "put off assigning {content} to {person}",
    "assignment.looked_up": "looked for {content} of {person} in the LMS",
    "assignment.requeued": "queued {content} for {person} again",
    "assignment.accepted": "accepted that {person} has {content} already",
    "assignment.left": "left {content} for {person} as it is, without confirmation",
    "account.paused": "paused sending to the LMS",
    "account.resumed": "resumed sending to the LMS",
    "log.searched": "searched the audit log",
    "log.exported": "exported {entries} of the audit log",
    "log.verified": "verified the audit log",
    "entry.read": "read entry {number}",
    "settings.changed": "changed settings",
}

_COUNTED: Final = {
    "people": ("person", "people"),
    "items": ("item", "items"),
    "learners": ("person", "people"),
    "contents": ("item", "items"),
    "assignments": ("assignment", "assignments"),
    "entries": ("entry", "entries"),
}


def sentence(entry: Entry, person: str) -> str:
    """Say what the entry tells, as in "assigned GDPR Essentials 2027 to Elif Yilmaz".

    :param person: the name of the person whom the entry speaks of
    """
    detail = entry["detail"]
    words = {name: counted(detail.get(name), *units) for name, units in _COUNTED.items()}
    words["batch"] = batch_number(entry["batch"])
    words["content"] = _title(detail.get("content"))
    words["person"] = person
    words["number"] = f"#{entry['subject'].partition('/')[2]}"
    return SENTENCES.get(entry["action"], action_words(entry["action"])).format_map(words)


def action_words(action: str) -> str:
    """Return the action for lists and filters, as in "Assignment created"."""
    return action.replace(".", " ").replace("_", " ").capitalize()


def batch_number(ref: str) -> str:
    """Return the number that people know a batch by, as in "B-0417"."""
    number = ref.partition("/")[2]
    return f"B-{number:0>4}" if number else ""


def counted(count: object, one: str, many: str) -> str:
    """Return a number with its unit, as in "1 item" or "3,412 people"."""
    if not isinstance(count, int):
        return many
    return f"{count:,} {one if count == 1 else many}"


def _title(content: object) -> str:
    if not isinstance(content, Mapping):
        return "an item"
    return str(content.get("title") or content.get("reference") or "an item")
