"""Submitting a reviewed plan: the moment after which a worker may send it."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from assignments.audit.actors import Actor
from assignments.audit.log import Event, record, record_all
from assignments.models import Account, Assignment, Batch, Draft
from assignments.models.drafts import Status
from assignments.services import rows, starting, withdrawing

State = Assignment.State
LARGE_BATCH: Final = 500
LARGE_HOLD_SECONDS: Final = 30


class SubmissionRefused(Exception):
    """The plan was not submitted; the message says why and what to do."""


@transaction.atomic
def submit(
    *,
    draft: Draft,
    plan_sha256: str,
    reason: str,
    confirms_completed: bool,
    by: Actor,
    now: datetime,
    starts_at: datetime | None = None,
) -> Batch:
    """Submit the plan that was reviewed; it starts after its hold, during which it can be undone.

    Submitting the same draft again returns the first batch and changes nothing.

    :param plan_sha256: the seal of the plan that the person saw
    :param starts_at: when it is to start, if not as soon as its hold has ended
    :raises SubmissionRefused: if the plan is gone or another one, or nothing would be sent
    """
    draft = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    batch = _planned(draft)
    if draft.is_submitted:
        return batch
    _check(batch, plan_sha256, confirms_completed=confirms_completed)
    if not draft.assigns_again:
        _refuse_twins(batch)
    to_send = batch.assignments.filter(state=State.PLANNED).count()
    if not to_send:
        raise SubmissionRefused("Nothing would be sent: everybody is skipped. Change the draft.")
    batch.state = Batch.State.WAITING
    batch.reason = reason
    batch.submitted_at = now
    batch.starts_at = _start(batch, starts_at, to_send, now)
    batch.request_id = by.request_id
    batch.save(update_fields=["state", "reason", "submitted_at", "starts_at", "request_id"])
    draft.is_submitted = True
    draft.save(update_fields=["is_submitted"])
    record(_submitted(batch, to_send), by=by, at=now)
    _record_skipped(batch, by, now)
    return batch


def _planned(draft: Draft) -> Batch:
    found = Batch.objects.select_related("account", "by").filter(submission_key=draft.pk).first()
    if found is None:
        raise SubmissionRefused("This plan changed since you looked. Review it again.")
    return found


def _check(batch: Batch, seen_sha256: str, *, confirms_completed: bool) -> None:
    if batch.plan_sha256 != seen_sha256:
        raise SubmissionRefused("This plan changed since you looked. Review it again.")
    if batch.status == Status.COMPLETED and not confirms_completed:
        raise SubmissionRefused("Confirm that these people have completed it.")
    if batch.account.paused_at is not None:
        raise SubmissionRefused(f"Sending is paused. {batch.account.paused_because}")


def _start(batch: Batch, asked: datetime | None, to_send: int, now: datetime) -> datetime:
    soonest = now + timedelta(seconds=hold_seconds(to_send))
    if asked is None:
        return soonest
    try:
        starting.check(asked, due_at=batch.due_at, now=now)
    except starting.StartRefused as refusal:
        raise SubmissionRefused(str(refusal)) from refusal
    return max(asked, soonest)


def _refuse_twins(batch: Batch) -> None:
    # One submission at a time for an account, so that two of them cannot overlook each other.
    Account.objects.select_for_update().get(pk=batch.account_id)
    moving = Q(state__in=[State.PLANNED, State.QUEUED, State.SENDING, State.UNKNOWN])
    twins = Assignment.objects.filter(
        moving | Q(state=State.CREATED, settled_at__gte=batch.frozen_at),
        learner=OuterRef("learner"),
        content=OuterRef("content"),
        batch__submitted_at__isnull=False,
    ).exclude(state__in=withdrawing.NOT_LEFT, batch__state__in=withdrawing.ENDED)
    count = batch.assignments.filter(Exists(twins), state=State.PLANNED).count()
    if count:
        raise SubmissionRefused(
            f"Since you looked, another batch began to assign {count:,} of these. Review it again."
        )


def hold_seconds(to_send: int) -> int:
    """Return for how long a batch of so many rows can be undone before it starts."""
    hold: int = settings.HOLD_SECONDS
    return max(hold, LARGE_HOLD_SECONDS) if hold and to_send > LARGE_BATCH else hold


def _submitted(batch: Batch, to_send: int) -> Event:
    detail = {
        "title": batch.title,
        "people": batch.people,
        "items": batch.items,
        "to_send": to_send,
        "due_at": batch.due_at.isoformat() if batch.due_at else None,
        "status": batch.status,
        "progress": batch.progress,
        "reason": batch.reason,
        "plan_sha256": batch.plan_sha256,
        "starts_at": batch.starts_at.isoformat() if batch.starts_at else None,
    }
    ref = f"batch/{batch.pk}"
    return Event(
        action="batch.submitted",
        subject=ref,
        batch=ref,
        account=batch.account.remote_id,
        result="submitted",
        detail=detail,
    )


def _record_skipped(batch: Batch, by: Actor, now: datetime) -> None:
    skipped = batch.assignments.filter(state=State.SKIPPED).select_related("learner", "content")
    events = [
        rows.event(row, "assignment.skipped", "skipped", problem=row.problem)
        for row in skipped.order_by("position").iterator(chunk_size=2_000)
    ]
    record_all(events, by=by, at=now)
