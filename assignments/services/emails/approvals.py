"""E-mails about approvals: requests to approvers, and decisions to the submitter."""

from typing import Final

from django.core.mail import EmailMessage

from assignments.models import Approval, Batch
from assignments.queries import formatting
from assignments.queries.absolute_urls import page_url
from assignments.queries.approvals import approvers
from assignments.services.emails.message import compose

Decision = Approval.Decision

DECIDED: Final = {
    Decision.APPROVED: "approved",
    Decision.REJECTED: "rejected",
    Decision.EXPIRED: "not approved in time",
}
NEXT: Final = {
    Decision.APPROVED: "It starts {start}; until then you can undo it.",
    Decision.REJECTED: "Nothing was sent. Change your draft and submit it again, or discard it:",
    Decision.EXPIRED: "Nothing was sent. Review your draft again and submit it once more:",
}


def approval_emails(approval: Approval) -> list[EmailMessage]:
    """Return the request to each approver or, once decided, the decision to the submitter."""
    return _decision(approval) if approval.decision else _requests(approval)


def _requests(approval: Approval) -> list[EmailMessage]:
    batch = approval.batch
    lines = [
        f"{batch.by_name} asks for your approval of {batch}: {_describe(batch)}.",
        *(f"- {reason}" for reason in approval.approval_reasons),
        "",
        f"Reason: {batch.reason or 'none given'}",
        f"Plan: {batch.plan_digest}",
        f"Decide until {formatting.moment(approval.expires_at)}; nothing is sent before:",
        page_url("batch-approval", batch.number),
    ]
    subject = f"Waiting for your approval: {batch} {batch.title}"
    return [compose(subject, lines, user.email) for user in approvers(batch) if user.email]


def _decision(approval: Approval) -> list[EmailMessage]:
    batch, decision = approval.batch, Decision(approval.decision)
    by = f" by {approval.decided_by_name}" if approval.decided_by_name else ""
    start = formatting.moment(batch.starts_at) if batch.starts_at else "soon"
    lines = [
        f"Your batch {batch} was {DECIDED[decision]}{by}: {_describe(batch)}.",
        f"Reason: {approval.reason}" if approval.reason else "",
        f"Plan: {approval.plan_digest}",
        NEXT[decision].format(start=start),
        page_url("batch", batch.number),
    ]
    subject = f"{DECIDED[decision].capitalize()}: {batch} {batch.title}"
    return [compose(subject, lines, batch.by.email)] if batch.by.email else []


def _describe(batch: Batch) -> str:
    return f"{batch.title} for {formatting.people(batch.people)}"
