"""Letters about approvals: to those who may approve, and to the submitter about the decision."""

from typing import Final

from django.core.mail import EmailMessage

from assignments.models import Approval, Batch
from assignments.queries import formatting
from assignments.queries.absolute_urls import link
from assignments.queries.approvals import approvers
from assignments.services.emails.message import letter

Verdict = Approval.Verdict

DECIDED: Final = {
    Verdict.APPROVED: "approved",
    Verdict.REJECTED: "rejected",
    Verdict.EXPIRED: "not approved in time",
}
NEXT: Final = {
    Verdict.APPROVED: "It starts {start}; until then you can undo it.",
    Verdict.REJECTED: "Nothing was sent. Change your draft and submit it again, or discard it:",
    Verdict.EXPIRED: "Nothing was sent. Review your draft again and submit it once more:",
}


def about(approval: Approval) -> list[EmailMessage]:
    """Return the question to each who may approve or, once decided, the answer."""
    return _decision(approval) if approval.verdict else _requests(approval)


def _requests(approval: Approval) -> list[EmailMessage]:
    batch = approval.batch
    lines = [
        f"{batch.by_name} asks for your approval of {batch}: {_what(batch)}.",
        *(f"- {reason}" for reason in approval.because),
        "",
        f"Reason: {batch.reason or 'none given'}",
        f"Plan: {batch.plan_digest}",
        f"Decide until {formatting.moment(approval.expires_at)}; nothing is sent before:",
        link("batch-approval", batch.pk),
    ]
    subject = f"Waiting for your approval: {batch} {batch.title}"
    return [letter(subject, lines, user.email) for user in approvers(batch) if user.email]


def _decision(approval: Approval) -> list[EmailMessage]:
    batch, verdict = approval.batch, Verdict(approval.verdict)
    by = f" by {approval.decided_by_name}" if approval.decided_by_name else ""
    start = formatting.moment(batch.starts_at) if batch.starts_at else "soon"
    lines = [
        f"Your batch {batch} was {DECIDED[verdict]}{by}: {_what(batch)}.",
        f"Reason: {approval.reason}" if approval.reason else "",
        f"Plan: {approval.plan_digest}",
        NEXT[verdict].format(start=start),
        link("batch", batch.pk),
    ]
    subject = f"{DECIDED[verdict].capitalize()}: {batch} {batch.title}"
    return [letter(subject, lines, batch.by.email)] if batch.by.email else []


def _what(batch: Batch) -> str:
    return f"{batch.title} for {formatting.people(batch.people)}"
