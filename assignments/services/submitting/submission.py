"""Submitting a reviewed plan: the moment after which a worker may send it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record, record_all
from assignments.models import Account, Approval, Assignment, Batch, Draft
from assignments.models.drafts import Status, term_values
from assignments.queries.review import ReviewFindings
from assignments.services.batches import row_changes, withdrawal
from assignments.services.planning import frozen_plan
from assignments.services.planning.plan_digest import change_text
from assignments.services.submitting import approval_policy, start_time
from assignments.services.submitting.grace_period import hold_seconds

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
    """Submit the plan that was reviewed; it starts after its hold, during which it can be undone.

    A plan that needs another manager's approval waits for that instead; its hold begins then.
    Submitting the same draft again returns the first batch and changes nothing. The plan's digest
    commits to the reason, so another reason than the draft's changes the digest.

    :param plan_digest: the digest of the plan that the person saw
    :param starts_at: when it is to start, if not as soon as its hold has ended
    :raises SubmissionRefused: if the plan is gone or another one, or nothing would be sent
    """
    draft = Draft.objects.select_for_update(of=("self",), no_key=True).get(pk=draft.pk)
    batch = _planned(draft)
    if draft.is_submitted:
        return batch
    _check(batch, plan_digest, confirms_completed=confirms_completed, now=now)
    to_send = _rows_to_send(draft, batch)
    reasons = approval_policy.reasons(batch)
    change_text(batch, "reason", reason)
    batch.state = Batch.State.APPROVAL if reasons else Batch.State.WAITING
    batch.submitted_at, batch.request_id = now, by.request_id
    batch.starts_at = _start(batch, starts_at, to_send, now)
    batch.save(update_fields=["state", "submitted_at", "starts_at", "request_id"])
    draft.is_submitted = True
    draft.save(update_fields=["is_submitted"])
    approval = approval_policy.ask(batch, reasons, now) if reasons else None
    record(_submitted(batch, to_send, approval), by=by, at=now)
    _record_skipped(batch, by, now)
    return batch


def _rows_to_send(draft: Draft, batch: Batch) -> int:
    if not draft.assigns_again:
        _refuse_twins(batch)
    to_send = batch.assignments.filter(state=State.PLANNED).count()
    if not to_send:
        raise SubmissionRefused("Nothing would be sent: everybody is skipped. Change the draft.")
    return to_send


def _planned(draft: Draft) -> Batch:
    found = Batch.objects.select_related("account", "by").filter(submission_key=draft.pk).first()
    if found is None:
        raise SubmissionRefused("This plan changed since you looked. Review it again.")
    return found


def _check(batch: Batch, seen_digest: str, *, confirms_completed: bool, now: datetime) -> None:
    if batch.plan_digest != seen_digest:
        raise SubmissionRefused("This plan changed since you looked. Review it again.")
    if batch.status == Status.COMPLETED and not confirms_completed:
        raise SubmissionRefused("Confirm that these people have completed it.")
    if batch.account.paused_at is not None:
        raise SubmissionRefused(f"Sending is paused. {batch.account.pause_reason}")
    _check_still(batch, now)


def _check_still(batch: Batch, now: datetime) -> None:
    if now - batch.frozen_at > frozen_plan.EXPIRES_AFTER:
        raise SubmissionRefused("This plan is older than an hour. Update the plan.")
    if batch.due_at is not None and batch.due_at < now:
        raise SubmissionRefused(
            "The due date has passed. Go back to the draft, choose a later one."
        )
    gone = ReviewFindings(batch).gone
    if gone:
        raise SubmissionRefused(f"{gone[0]} was retired in the LMS since you looked. Remove it.")


def _start(batch: Batch, asked: datetime | None, to_send: int, now: datetime) -> datetime | None:
    if asked is not None:
        try:
            start_time.check(asked, due_at=batch.due_at, now=now)
        except start_time.StartRefused as refusal:
            raise SubmissionRefused(str(refusal)) from refusal
    if batch.state == Batch.State.APPROVAL:
        # Its hold begins when it is approved.
        return asked
    soonest = now + timedelta(seconds=hold_seconds(to_send))
    return max(asked or soonest, soonest)


def _refuse_twins(batch: Batch) -> None:
    # One submission at a time for an account, so that two of them cannot overlook each other.
    Account.objects.select_for_update(no_key=True).get(pk=batch.account_id)
    moving = Q(state__in=Assignment.UNSETTLED)
    twins = Assignment.objects.filter(
        moving | Q(state=State.CREATED, settled_at__gte=batch.frozen_at),
        learner=OuterRef("learner"),
        content=OuterRef("content"),
        batch__submitted_at__isnull=False,
    ).exclude(state__in=withdrawal.UNSENT, batch__state__in=withdrawal.ENDED)
    mine = batch.assignments.filter(Exists(twins), state=State.PLANNED)
    count = mine.count()
    if count:
        raise SubmissionRefused(
            f"Since you looked, {_whose(mine)} began to assign {count:,} of these. Review it again."
        )


def _whose(mine: QuerySet[Assignment]) -> str:
    first = mine.order_by("position")[:1].get()
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
        **{name: value for name, value in term_values(batch).items() if name != "due_date"},
        "plan_digest": batch.plan_digest,
        "starts_at": batch.starts_at.isoformat() if batch.starts_at else None,
        **({"approval": _asked(approval)} if approval else {}),
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


def _asked(approval: Approval) -> dict[str, object]:
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
