"""Approval policy: whether a batch needs another manager's approval, and requesting it."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from assignments.models import Approval, Assignment, Batch, Content
from assignments.models.drafts import Status

# Kept of each item at the request, so that the approver sees what changed since.
CONTENT_FIELDS: Final = ("pk", "title", "external_reference", "fingerprint")


def reasons(batch: Batch) -> list[str]:
    """Return why the plan needs another manager's approval, in sentences; empty if it does not."""
    sentences = []
    threshold = settings.APPROVAL_THRESHOLD
    if threshold is not None and batch.rows > threshold:
        sentences.append(f"It has {batch.rows:,} rows (people x items), more than {threshold:,}.")
    mandatory = _content_to_send(batch).filter(is_mandatory=True).order_by("title", "pk")
    sentences += [f"{content} is marked as mandatory." for content in mandatory]
    if batch.status == Status.COMPLETED:
        sentences.append("It tells the LMS that people have completed it.")
    return sentences


def request_approval(batch: Batch, reasons: list[str], now: datetime) -> Approval:
    """Request approval of the batch's plan; an e-mail to those who may approve becomes due."""
    return Approval.objects.create(
        batch=batch,
        requested_by=batch.by,
        requested_at=now,
        expires_at=now + timedelta(hours=settings.APPROVAL_HOURS),
        plan_digest=batch.plan_digest,
        approval_reasons=reasons,
        contents=list(_content_to_send(batch).order_by("pk").values(*CONTENT_FIELDS)),
        email_at=now,
    )


def _content_to_send(batch: Batch) -> QuerySet[Content]:
    rows = Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED)
    return Content.objects.filter(pk__in=rows.values("content"))
