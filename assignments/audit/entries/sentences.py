"""The readable sentence of each audit action, as a predicate that follows the actor's name.

The log can never be changed, so no action is renamed or removed after a release.
"""

from collections.abc import Callable, Mapping
from typing import Final

from assignments.audit.entries.canonical import Entry

SENTENCES: Final[Mapping[str, str]] = {
    "user.signed_in": "signed in",
    "user.signed_out": "signed out",
    "user.sign_in_refused": "was refused sign-in",
    "user.roles_changed": "signed in with other roles than before",
    "user.details_changed": "signed in with another name or e-mail address than before",
    "user.address_shared": "signed in with an e-mail address that {person} has or had",
    "user.address_released": "confirmed that a shared address is no longer that of {subject}",
    "personal_data.erased": "erased the personal data of {person}",
    "legal_hold.placed": "placed a legal hold on {subject}",
    "legal_hold.released": "released the legal hold on {subject}",
    "session.ended": "ended a session of {person}",
    "access_token.created": "created an access token for the API",
    "access_token.revoked": "revoked an access token of {person}",
    "sync.started": "started a sync with the LMS",
    "sync.completed": "completed a sync with the LMS: {learners}, {contents} and {assignments}",
    "sync.failed": "failed to sync: the LMS could not be read to the end",
    "batch.submitted": "submitted batch {batch}: {people}, {items}",
    "batch.split_detected": (
        "noticed that batches of {person} within a day, {batch} among them, have {rows} together: "
        "more than one person may send alone"
    ),
    "batch.approved": "approved batch {batch}",
    "batch.approval_refused": "tried to approve batch {batch}, which was refused",
    "batch.rejected": "rejected batch {batch}",
    "batch.withdrawn": "withdrew batch {batch} before anybody approved or rejected it",
    "batch.expired": "closed batch {batch}: nobody approved it in time",
    "batch.held": "put batch {batch} on hold",
    "batch.released": "released batch {batch} for sending",
    "batch.paused": "paused batch {batch}",
    "batch.resumed": "resumed batch {batch}",
    "batch.stopped": "stopped batch {batch}",
    "batch.cancelled": "cancelled batch {batch} before anything was sent",
    "batch.completed": "completed batch {batch}",
    "assignment.skipped": "skipped {content} for {person}",
    "assignment.cancelled": "cancelled {content} for {person} before it was sent",
    "calls.started": "started calls for {rows} of batch {batch}",
    "calls.deferred": "deferred calls for {rows} of batch {batch}",
    "assignments.looked_up": "looked up {rows} of batch {batch} in the LMS",
    "assignment.created": "assigned {content} to {person}",
    "assignment.rejected": "tried to assign {content} to {person}, which the LMS rejected",
    "assignment.outcome_unknown": "tried to assign {content} to {person}; the outcome is unknown",
    "assignment.confirmed": "did not find {content} for {person}, which the LMS had confirmed",
    "assignment.referred": "left it to a person to decide whether {person} has {content}",
    "assignment.requeued": "queued {content} for {person} again",
    "assignment.accepted_existing": "accepted that {person} already has {content}",
    "assignment.closed_unconfirmed": "closed {content} for {person} without confirmation",
    "account.paused": "paused sending to the LMS",
    "account.resumed": "resumed sending to the LMS",
    "account.passthrough_changed": "changed what new drafts pass through to the LMS",
    "content.defaults_changed": "changed what assignments of {content} are sent with by default",
    "plan.refresh_requested": "requested a refresh of a plan of {people} from the LMS",
    "plan.refreshed": "refreshed a plan of {people} from the LMS",
    "plan.downloaded": "downloaded a plan of {rows}",
    "content.marked_mandatory": "marked {content} as mandatory",
    "content.unmarked_mandatory": "removed the mandatory mark from {content}",
    "audience.created": "saved the audience “{audience}”: {people}",
    "audience.renamed": "renamed the audience “{previous_name}” to “{audience}”",
    "audience.defaults_changed": "changed what the audience “{audience}” fills in for drafts",
    "audience.deleted": "deleted the audience “{audience}”",
    "log.searched": "searched the audit log",
    "log.exported": "exported {entries} of the audit log",
    "export.requested": "requested an export of the audit log",
    "export.failed": "could not complete an export of the audit log",
    "export.downloaded": "downloaded an export with {entries} of the audit log",
    "export.file_deleted": "deleted the file of an export that {person} requested",
    "log.verified": "verified the audit log",
    "log.forwarding_restarted": "restarted forwarding the audit log to the SIEM at {first_entry}",
    "log.forwarded": "forwarded {entries} of the audit log to the SIEM, from {first_entry}",
    "log.damage_detected": "detected damage at the end of the audit log and continued after it",
    "log.sealed": "sealed {entries} of the audit log",
    "log.mac_key_changed": "changed the key that shows who wrote entries of the audit log",
    "log.pruned": "pruned {entries} of the audit log whose retention period had ended",
    "log.search_results_verified": "verified {entries} found by a search of the audit log",
    "log.file_verified": "verified a file exported from the audit log",
    "entry.read": "read entry {number}",
    "entry.not_forwarded": "passed over entry {number}, which is too large for the SIEM",
    "retention.changed": "changed how long entries of {account} are kept",
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
    """Return an entry's sentence, as in "assigned GDPR Essentials 2027 to Elif Yilmaz".

    :param person: the name of the person whom the entry is about
    """
    template = SENTENCES.get(entry["action"], action_words(entry["action"]))
    return template.format_map(_Placeholders(entry, person))


class _Placeholders(dict[str, str]):
    """The values for a sentence's placeholders, computed from an entry when they are needed."""

    def __init__(self, entry: Entry, person: str) -> None:
        super().__init__(person=person)
        self._entry = entry

    def __missing__(self, name: str) -> str:
        detail = self._entry["detail"]
        if name in _COUNTED:
            return counted(detail.get(name), *_COUNTED[name])
        return _VALUES[name](self._entry, detail)


def action_words(action: str) -> str:
    """Return the action for lists and filters, as in "Assignment created"."""
    return action.replace(".", " ").replace("_", " ").capitalize()


def batch_number(ref: str) -> str:
    """Return the batch number that pages show, as in "B-0417"."""
    number = ref.partition("/")[2]
    return f"B-{number:0>4}" if number else ""


def counted(count: object, singular: str, plural: str) -> str:
    """Return a number with its unit, as in "1 item" or "3,412 people"; without one, the plural."""
    if not isinstance(count, int):
        return plural
    return f"{count:,} {singular if count == 1 else plural}"


def _title(content: object) -> str:
    if not isinstance(content, Mapping):
        return "an item"
    return str(content.get("title") or content.get("reference") or "an item")


_VALUES: Final[Mapping[str, Callable[[Entry, Mapping[str, object]], str]]] = {
    "batch": lambda entry, _: batch_number(entry["batch"]),
    "content": lambda _, detail: _title(detail.get("content")),
    "audience": lambda _, detail: str(detail.get("name", "")),
    "subject": lambda entry, _: entry["subject"] or "something",
    "previous_name": lambda _, detail: str(detail.get("previous_name", "")),
    "first_entry": lambda _, detail: f"entry #{detail.get('first_entry', 0)}",
    "account": lambda entry, _: entry.get("account") or "no account",
    "number": lambda entry, _: f"#{entry['subject'].partition('/')[2]}",
}
