"""What the log says of a batch's plan: which one was submitted, and whether it may be sent.

Only entries that this product wrote count, so that nobody who can write to the database can have
another plan sent, or one that nobody approved.
"""

from assignments.audit.integrity.trusted_entries import trusted_bodies
from assignments.models import LogEntry

SUBMITTED = "batch.submitted"
APPROVED = "batch.approved"


def submitted_digest(batch_ref: str) -> str:
    """Return the digest of the plan that was submitted as this batch; empty without one.

    Of the first entry: a later one would be an attempt to have another plan sent.
    """
    entries = LogEntry.objects.filter(subject=batch_ref, action=SUBMITTED)
    submission = next(iter(trusted_bodies(entries)), None)
    return str(submission["detail"]["plan_digest"]) if submission else ""


def sendable_digest(batch_ref: str) -> str:
    """Return the digest of the plan that may be sent as this batch; empty if none may.

    It was submitted and, if its submission requires approval, approved by another person.
    """
    decisions = LogEntry.objects.filter(subject=batch_ref, action__in=[SUBMITTED, APPROVED])
    entries = trusted_bodies(decisions)
    submission = next((entry for entry in entries if entry["action"] == SUBMITTED), None)
    if submission is None:
        return ""
    digest, submitter = str(submission["detail"]["plan_digest"]), submission["actor"]["ref"]
    is_approved = any(
        entry["action"] == APPROVED
        and entry["actor"]["ref"] != submitter
        and entry["detail"]["plan_digest"] == digest
        for entry in entries
    )
    return digest if is_approved or "approval" not in submission["detail"] else ""
