"""When a batch needs a second person, and asking for one."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from assignments.models import Approval, Assignment, Batch, Content
from assignments.models.drafts import Status

# What an item is held against when somebody looks at it days later.
SEEN: Final = ("pk", "title", "external_reference", "fingerprint")


def reasons(batch: Batch) -> list[str]:
    """Return why the plan needs another manager's approval, a sentence each, or nothing."""
    found = []
    threshold = settings.APPROVAL_THRESHOLD
    if threshold is not None and batch.rows > threshold:
        found.append(f"It has {batch.rows:,} rows (people x items), more than {threshold:,}.")
    mandatory = _sent(batch).filter(is_mandatory=True).order_by("title", "pk")
    found += [f"{content} is marked as mandatory." for content in mandatory]
    if batch.status == Status.COMPLETED:
        found.append("It tells the LMS that people have completed it.")
    return found


def ask(batch: Batch, because: list[str], now: datetime) -> Approval:
    """Ask for an approval of the batch's plan, and let those who may give it be told."""
    return Approval.objects.create(
        batch=batch,
        requested_by=batch.by,
        requested_at=now,
        expires_at=now + timedelta(hours=settings.APPROVAL_HOURS),
        plan_digest=batch.plan_digest,
        approval_reasons=because,
        contents=list(_sent(batch).order_by("pk").values(*SEEN)),
        email_at=now,
    )


def _sent(batch: Batch) -> QuerySet[Content]:
    rows = Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED)
    return Content.objects.filter(pk__in=rows.values("content"))
