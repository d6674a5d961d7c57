"""One sentence for every action, to be read after the name of who did it."""

from collections.abc import Callable, Mapping
from typing import Final

from assignments.audit.entries.canonical import Entry

SENTENCES: Final[Mapping[str, str]] = {
    "user.signed_in": "signed in",
    "user.signed_out": "signed out",
    "user.sign_in_refused": "was refused",
    "user.roles_changed": "has other roles now",
    "personal_data.erased": "erased the personal data of {person}",
    "legal_hold.placed": "laid a legal hold on {subject}",
    "legal_hold.released": "lifted the legal hold on {subject}",
    "session.ended": "ended a session of {person}",
    "access_token.created": "made an access token for a program",
    "access_token.revoked": "revoked an access token of {person}",
    "sync.started": "started a sync of the directory",
    "sync.completed": "synced the directory: {learners}, {contents} and {assignments}",
    "batch.submitted": "submitted batch {batch}: {people}, {items}",
    "batch.approved": "approved batch {batch}",
    "batch.rejected": "rejected batch {batch}",
    "batch.withdrawn": "withdrew batch {batch} before anybody decided about it",
    "batch.expired": "ended batch {batch}: nobody approved it in time",
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
    "assignment.accepted_existing": "accepted that {person} has {content} already",
    "assignment.closed_unconfirmed": "left {content} for {person} as it is, without confirmation",
    "account.paused": "paused sending to the LMS",
    "account.resumed": "resumed sending to the LMS",
    "plan.refresh_requested": "asked the LMS again about the {people} of a plan",
    "plan.refreshed": "read again what the {people} of a plan have in the LMS",
    "plan.downloaded": "downloaded a plan of {rows}",
    "content.marked_mandatory": "marked {content} as mandatory",
    "content.unmarked_mandatory": "no longer marks {content} as mandatory",
    "audience.created": "saved the audience “{audience}”: {people}",
    "audience.changed": "renamed the audience “{previous_name}” to “{audience}”",
    "audience.deleted": "deleted the audience “{audience}”",
    "log.searched": "searched the audit log",
    "log.exported": "exported {entries} of the audit log",
    "export.requested": "asked for an export of the audit log",
    "export.failed": "could not make an export of the audit log",
    "export.downloaded": "downloaded an export with {entries} of the audit log",
    "export.file_deleted": "deleted the file of an export that {person} made",
    "log.verified": "verified the audit log",
    "log.forwarding_restarted": "had the audit log sent to the SIEM again from entry {start}",
    "log.damage_detected": "found the audit log broken at its end and went on behind that",
    "log.sealed": "sealed {entries} of the audit log",
    "log.pruned": "pruned {entries} of the audit log, which need not be kept any more",
    "log.search_results_verified": "verified {entries} that a search of the audit log found",
    "log.file_verified": "verified a file from the audit log",
    "entry.read": "read entry {number}",
    "retention.changed": "changed how long entries of {whose} are kept",
    "settings.changed": "changed settings",
}

_COUNTED: Final = {
    "people": ("person", "people"),
    "items": ("item", "items"),
    "rows": ("row", "rows"),
    "learners": ("person", "people"),
    "contents": ("item", "items"),
    "assignments": ("assignment", "assignments"),
    "entries": ("entry", "entries"),
}


def sentence(entry: Entry, person: str) -> str:
    """Say what the entry tells, as in "assigned GDPR Essentials 2027 to Elif Yilmaz".

    :param person: the name of the person whom the entry speaks of
    """
    said = SENTENCES.get(entry["action"], action_words(entry["action"]))
    return said.format_map(_Words(entry, person))


class _Words(dict[str, str]):
    """The words of an entry, each made when its sentence asks for it."""

    def __init__(self, entry: Entry, person: str) -> None:
        super().__init__(person=person)
        self._entry = entry

    def __missing__(self, name: str) -> str:
        detail = self._entry["detail"]
        if name in _COUNTED:
            return counted(detail.get(name), *_COUNTED[name])
        return _WORDS[name](self._entry, detail)


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


_WORDS: Final[Mapping[str, Callable[[Entry, Mapping[str, object]], str]]] = {
    "batch": lambda entry, _: batch_number(entry["batch"]),
    "content": lambda _, detail: _title(detail.get("content")),
    "audience": lambda _, detail: str(detail.get("name", "")),
    "subject": lambda entry, _: entry["subject"] or "something",
    "previous_name": lambda _, detail: str(detail.get("previous_name", "")),
    "start": lambda _, detail: f"#{detail.get('from', 0)}",
    "whose": lambda entry, _: entry.get("account") or "no account",
    "number": lambda entry, _: f"#{entry['subject'].partition('/')[2]}",
}
