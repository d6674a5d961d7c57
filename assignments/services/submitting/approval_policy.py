"""Approval policy: whether a batch needs another manager's approval, and requesting it."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from assignments.audit.entries.actors import SYSTEM, Person
from assignments.audit.log import record
from assignments.models import Approval, Assignment, Batch, Content, SubmitterAddress
from assignments.models.terms import Status
from assignments.queries.approvals import same_person
from assignments.queries.formatting import moment
from assignments.services.batches.batch_event import batch_event

SPLIT_WITHIN: Final = timedelta(days=1)
# Kept of each item at the request, so that the approver sees what changed since.
CONTENT_FIELDS: Final = ("pk", "title", "external_reference", "fingerprint")


def reasons(batch: Batch, *, now: datetime) -> list[str]:
    """Return why the plan needs another manager's approval, in sentences; empty if it does not.

    An item still counts as mandatory for MANDATORY_DAYS after the mark was removed, and for the
    person who removed it, with whichever account, for good.
    """
    sentences = []
    threshold = settings.APPROVAL_THRESHOLD
    if threshold is not None and batch.rows > threshold:
        sentences.append(f"It has {batch.rows:,} rows (people x items), more than {threshold:,}.")
    sentences += [_why_mandatory(content) for content in _mandatory_content(batch, now)]
    if batch.status == Status.COMPLETED:
        sentences.append("It tells the LMS that people have completed it.")
    return sentences


def split_batches(batch: Batch, *, now: datetime) -> list[Batch]:
    """Return the batches with which the plan exceeds the threshold that each of them stays below.

    Those of the same person, with some of the same content, that were submitted within a day and
    needed no approval.
    """
    threshold = settings.APPROVAL_THRESHOLD
    if threshold is None or batch.rows > threshold:
        return []
    contents = list(batch.assignments.order_by().values_list("content", flat=True).distinct())
    shared = Assignment.objects.filter(batch=OuterRef("pk"), content__in=contents)
    others = Batch.objects.filter(
        same_person(batch.by, at="by__"),
        Exists(shared),
        account=batch.account_id,
        submitted_at__gt=now - SPLIT_WITHIN,
        approval=None,
    ).exclude(Q(state=Batch.State.CANCELLED) | Q(pk=batch.pk))
    candidates = list(others.order_by("pk"))
    rows = batch.rows + sum(other.rows for other in candidates)
    return candidates if rows > threshold else []


def point_out_split(batch: Batch, *, now: datetime) -> None:
    """Store and record with which batches a submitted one may have been split, if with any."""
    others = split_batches(batch, now=now)
    if not others:
        return
    batch.split_with = [other.number for other in others]
    batch.save(update_fields=["split_with"])
    detail = {
        "batches": [other.ref for other in others],
        "rows": batch.rows + sum(other.rows for other in others),
        "limit": settings.APPROVAL_THRESHOLD,
    }
    submitter = Person(ref=f"user/{batch.by_id}", name=batch.by_name)
    event = batch_event(batch, "batch.split_detected", "detected", detail, people=(submitter,))
    record(event, by=SYSTEM, at=now)


def request_approval(batch: Batch, reasons: list[str], now: datetime) -> Approval:
    """Request approval of the batch's plan; an e-mail to those who may approve becomes due."""
    approval = Approval.objects.create(
        batch=batch,
        requested_by=batch.by,
        requested_at=now,
        expires_at=now + timedelta(hours=settings.APPROVAL_HOURS),
        plan_digest=batch.plan_digest,
        approval_reasons=reasons,
        contents=list(_content_to_send(batch).order_by("pk").values(*CONTENT_FIELDS)),
        email_at=now,
    )
    SubmitterAddress.objects.bulk_create(
        SubmitterAddress(approval=approval, digest=address.digest)
        for address in batch.by.addresses.all()
    )
    return approval


def _mandatory_content(batch: Batch, now: datetime) -> QuerySet[Content]:
    users = get_user_model().objects.filter(same_person(batch.by))
    refs = users.annotate(ref=Concat(Value("user/"), Cast("pk", CharField()))).values("ref")
    unmarked = Q(unmarked_by__in=refs)
    unmarked |= Q(unmarked_at__gt=now - timedelta(days=settings.MANDATORY_DAYS))
    contents = _content_to_send(batch).filter(Q(is_mandatory=True) | unmarked)
    return contents.order_by("title", "pk")


def _why_mandatory(content: Content) -> str:
    if content.is_mandatory or content.unmarked_at is None:
        return f"{content} is marked as mandatory."
    return f"{content} was marked as mandatory until {moment(content.unmarked_at)}."


def _content_to_send(batch: Batch) -> QuerySet[Content]:
    rows = Assignment.objects.filter(batch=batch, state=Assignment.State.PLANNED)
    return Content.objects.filter(pk__in=rows.values("content"))
