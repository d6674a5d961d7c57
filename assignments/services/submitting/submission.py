"""Submit a reviewed plan: from then on it may be sent, or waits for approval."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from assignments.audit.entries.actors import Actor
from assignments.audit.entries.canonical import timestamp
from assignments.audit.log import Event, record, record_all
from assignments.models import Account, Approval, Assignment, Batch, BatchCounter, Draft
from assignments.models.terms import ITEM_TERMS, SENT_TEXTS, Status, term_values
from assignments.queries.review import ReviewFindings
from assignments.services.batches import row_changes, withdrawal
from assignments.services.batches.batch_event import batch_event
from assignments.services.planning import frozen_plan
from assignments.services.planning.plan_digest import change_text
from assignments.services.submitting import approval_policy, start_time
from assignments.services.submitting.grace_period import grace_seconds

State = Assignment.State


class SubmissionRefused(Exception):
    """The plan was not submitted; the message says why and what to do."""


@transaction.atomic
def submit(
    *,
    draft: Draft,
    plan_digest: str,
    reason: str,
    confirms_completed: bool,
    by: Actor,
    now: datetime,
    starts_at: datetime | None = None,
) -> Batch:
    """Submit the reviewed plan of a draft; sending begins after a grace period.

    If the plan needs another manager's approval, the grace period begins with the approval.
    Submitting the same draft again returns the first batch and changes nothing. The plan's digest
    commits to the reason, so another reason than the draft's changes the digest.

    :param plan_digest: the digest of the plan that the person saw
    :param starts_at: start time, if not at the end of the grace period
    :raises SubmissionRefused: if the plan is another one or expired, or nothing would be sent
    """
    draft = Draft.objects.select_for_update(of=("self",), no_key=True).get(pk=draft.pk)
    batch = _planned(draft)
    if draft.is_submitted:
        return batch
    _check(batch, plan_digest, confirms_completed=confirms_completed, now=now)
    _refuse_changes_after_review(draft, batch)
    to_send = _rows_to_send(draft, batch)
    reasons = approval_policy.reasons(batch, now=now)
    change_text(batch, "reason", reason)
    batch.state = Batch.State.APPROVAL if reasons else Batch.State.WAITING
    batch.submitted_at, batch.request_id = now, by.request_id
    batch.starts_at = _starts_at(batch, starts_at, to_send, now)
    batch.number = _next_number()
    batch.save(update_fields=["state", "number", "submitted_at", "starts_at", "request_id"])
    draft.is_submitted = True
    draft.save(update_fields=["is_submitted"])
    approval = approval_policy.request_approval(batch, reasons, now) if reasons else None
    record(_submitted(batch, to_send, approval), by=by, at=now)
    approval_policy.point_out_split(batch, now=now)
    _record_skipped(batch, by, now)
    return batch


def _next_number() -> int:
    # Rolled back with the submission, so that no number is left out.
    counter, _ = BatchCounter.objects.select_for_update().get_or_create(pk=1)
    counter.newest += 1
    counter.save()
    return counter.newest


def _refuse_changes_after_review(draft: Draft, batch: Batch) -> None:
    if frozen_plan.is_behind(draft, batch):
        raise SubmissionRefused(
            "The draft changed after this review, perhaps in another tab. Go back to the draft and "
            "review it again."
        )


def _rows_to_send(draft: Draft, batch: Batch) -> int:
    if not draft.assigns_again:
        _refuse_duplicates(batch)
    to_send = batch.assignments.filter(state=State.PLANNED).count()
    if not to_send:
        raise SubmissionRefused("Nothing would be sent: everybody is skipped. Change the draft.")
    return to_send


def _planned(draft: Draft) -> Batch:
    batch = Batch.objects.select_related("account", "by").filter(submission_key=draft.pk).first()
    if batch is None:
        raise SubmissionRefused("This plan changed since you looked. Review it again.")
    return batch


def _check(batch: Batch, seen_digest: str, *, confirms_completed: bool, now: datetime) -> None:
    if batch.plan_digest != seen_digest:
        raise SubmissionRefused("This plan changed since you looked. Review it again.")
    if batch.status == Status.COMPLETED and not confirms_completed:
        raise SubmissionRefused("Confirm that these people have completed it.")
    if batch.account.paused_at is not None:
        raise SubmissionRefused(f"Sending is paused. {batch.account.pause_reason}")
    _check_is_current(batch, now)


def _check_is_current(batch: Batch, now: datetime) -> None:
    if now - batch.frozen_at > frozen_plan.EXPIRES_AFTER:
        raise SubmissionRefused("This plan is older than an hour. Update the plan.")
    if batch.due_at is not None and batch.due_at < now:
        raise SubmissionRefused(
            "The due date has passed. Go back to the draft, choose a later one."
        )
    retired = ReviewFindings(batch).gone
    if retired:
        raise SubmissionRefused(f"{retired[0]} was retired in the LMS since you looked. Remove it.")


def _starts_at(
    batch: Batch, starts_at: datetime | None, to_send: int, now: datetime
) -> datetime | None:
    if starts_at is not None:
        try:
            start_time.check_start(starts_at, due_at=batch.due_at, now=now)
        except start_time.StartRefused as refusal:
            raise SubmissionRefused(str(refusal)) from refusal
    if batch.state == Batch.State.APPROVAL:
        # The grace period begins with the approval.
        return starts_at
    earliest = now + timedelta(seconds=grace_seconds(to_send))
    return max(starts_at or earliest, earliest)


def _refuse_duplicates(batch: Batch) -> None:
    # One submission at a time for an account: two at once would not see each other.
    Account.objects.select_for_update(no_key=True).get(pk=batch.account_id)
    unsettled = Q(state__in=Assignment.UNSETTLED)
    duplicates = Assignment.objects.filter(
        unsettled | Q(state=State.CREATED, settled_at__gte=batch.frozen_at),
        learner=OuterRef("learner"),
        content=OuterRef("content"),
        batch__submitted_at__isnull=False,
    ).exclude(state__in=withdrawal.UNSENT, batch__state__in=Batch.WITHDRAWN)
    rows = batch.assignments.filter(Exists(duplicates), state=State.PLANNED)
    count = rows.count()
    if count:
        raise SubmissionRefused(
            f"Since you looked, {_name_other(rows)} began to assign {count:,} of these. "
            "Review it again."
        )


def _name_other(rows: QuerySet[Assignment]) -> str:
    first = rows.order_by("position")[:1].get()
    same = Assignment.objects.filter(learner=first.learner_id, content=first.content_id)
    others = same.filter(batch__submitted_at__isnull=False).select_related("batch")
    other = others.order_by("-batch__submitted_at", "-pk")[:1].get()
    return f"{other.batch.by_name} ({other.batch})"


def _submitted(batch: Batch, to_send: int, approval: Approval | None) -> Event:
    detail = {
        "title": batch.title,
        "people": batch.people,
        "items": batch.items,
        "to_send": to_send,
        "rows": batch.rows,
        "due_at": batch.due_at.isoformat() if batch.due_at else None,
        **({"due_dates": _due_dates(batch)} if batch.has_several_due_dates else {}),
        **_terms(batch),
        "plan_digest": batch.plan_digest,
        "starts_at": batch.starts_at.isoformat() if batch.starts_at else None,
        **({"approval": _approval_detail(approval)} if approval else {}),
    }
    return batch_event(batch, "batch.submitted", "submitted", detail)


def _terms(batch: Batch) -> dict[str, object]:
    """Return the terms for the log; what the LMS gets as free text by its commitment."""
    terms = term_values(batch)
    for name in SENT_TEXTS:
        del terms[name]
    # The entry has the moment at which it is due instead.
    del terms["due_date"], terms["due_time"]
    if batch.assigned_at is None:
        del terms["assigned_at"]
    else:
        terms["assigned_at"] = timestamp(batch.assigned_at)
    commitments = batch.digest_input.commitments
    if row_count := batch.assignments.exclude(own_terms="").count():
        terms["rows_with_own_terms"] = row_count
    sent = (name for name in (*SENT_TEXTS, ITEM_TERMS) if name in commitments)
    return terms | {name: {"commit": commitments[name]} for name in sent}


def _approval_detail(approval: Approval) -> dict[str, object]:
    return {"expires_at": approval.expires_at.isoformat(), "reasons": approval.approval_reasons}


def _due_dates(batch: Batch) -> dict[str, int]:
    counts = batch.assignments.values("due_date").order_by("due_date").annotate(n=Count("pk"))
    return {str(day or "none"): n for day, n in counts.values_list("due_date", "n")}


def _record_skipped(batch: Batch, by: Actor, now: datetime) -> None:
    skipped = batch.assignments.filter(state=State.SKIPPED).select_related("learner", "content")
    events = [
        row_changes.row_event(row, "assignment.skipped", "skipped", problem=row.problem)
        for row in skipped.order_by("position").iterator(chunk_size=2_000)
    ]
    record_all(events, by=by, at=now)
