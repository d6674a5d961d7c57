"""Four-eyes approval: approve, reject, withdraw or expire a batch that waits for approval."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import record
from assignments.models import Approval, Batch
from assignments.queries import approvals
from assignments.queries.drafts import rows_to_send
from assignments.services.batches import control, plan_integrity, withdrawal
from assignments.services.batches.batch_event import batch_event
from assignments.services.batches.control import ControlRefused
from assignments.services.submitting.grace_period import grace_seconds

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User

State = Batch.State
Decision = Approval.Decision
NOT_WAITING = "It no longer waits for an approval."


def approve(*, batch: Batch, plan_digest: str, by: Actor, now: datetime, why: str = "") -> None:
    """Approve exactly this plan; its grace period, in which it can be undone, begins now.

    A refused attempt is recorded.

    :param plan_digest: the digest of the plan that the person saw
    :raises ControlRefused: if it does not wait for approval, the person may not approve it, or the
        plan is another one
    """
    try:
        _approve(batch, plan_digest, by, now, why)
    except ControlRefused as refusal:
        _record_refusal(batch, str(refusal), by, now)
        raise


@transaction.atomic
def _approve(batch: Batch, plan_digest: str, by: Actor, now: datetime, why: str) -> None:
    batch, user = _lock_to_decide(batch, by, now)
    _check_plan(batch, plan_digest, now)
    earliest = now + timedelta(seconds=grace_seconds(rows_to_send(batch)))
    batch.state, batch.starts_at = State.WAITING, max(batch.starts_at or earliest, earliest)
    _decide(batch, Decision.APPROVED, user, now, why)
    detail = {"plan_digest": batch.plan_digest, "starts_at": batch.starts_at.isoformat()}
    control.save_state(batch, "batch.approved", "starts_at", by=by, now=now, why=why, detail=detail)


def reject(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Reject a batch that waits for approval; its submitter can edit the draft again.

    :raises ControlRefused: if it does not wait for approval, no reason is given, or the person may
        not decide about it
    """
    if not why.strip():
        raise ControlRefused(
            "Say why you reject it: its submitter and the audit log get the reason."
        )
    with transaction.atomic():
        batch, user = _lock_to_decide(batch, by, now)
        _decide(batch, Decision.REJECTED, user, now, why)
        _give_back(batch, State.REJECTED, "batch.rejected", by, now, why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


def withdraw(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Withdraw a batch that waits for approval; its submitter, who alone may, can edit the draft.

    :raises ControlRefused: if it does not wait for approval, or somebody else submitted it
    """
    with transaction.atomic():
        batch, user = control.lock_batch(batch, {State.APPROVAL}, NOT_WAITING), _user(by)
        if user is None or not approvals.is_submitter(user, batch):
            raise ControlRefused(
                f"Only {batch.by_name} can withdraw it. Reject it, and say why, if it is wrong."
            )
        _decide(batch, Decision.WITHDRAWN, user, now, why)
        _give_back(batch, State.CANCELLED, "batch.withdrawn", by, now, why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


def expire_due(*, now: datetime) -> int:
    """Expire the batches whose time for an approval has passed; return how many."""
    due = Approval.objects.filter(decision="", expires_at__lte=now).select_related("batch")
    return sum(_expire(approval.batch, now) for approval in due.order_by("expires_at", "pk"))


def _expire(batch: Batch, now: datetime) -> bool:
    try:
        with transaction.atomic():
            batch = control.lock_batch(batch, {State.APPROVAL}, NOT_WAITING)
            _decide(batch, Decision.EXPIRED, None, now, "")
            _give_back(batch, State.EXPIRED, "batch.expired", SYSTEM, now, "")
    except ControlRefused:
        # Somebody decided between the query and the lock.
        return False
    withdrawal.withdraw(batch=batch, by=SYSTEM, now=now)
    return True


@transaction.atomic
def _record_refusal(batch: Batch, problem: str, by: Actor, now: datetime) -> None:
    event = batch_event(batch, "batch.approval_refused", "refused", {"problem": problem})
    record(event, by=by, at=now)


def _lock_to_decide(batch: Batch, by: Actor, now: datetime) -> tuple[Batch, User]:
    """Lock the batch and return it with the user, if that user may decide about it now."""
    batch, user = control.lock_batch(batch, {State.APPROVAL}, NOT_WAITING), _user(by)
    if user is None:
        raise ControlRefused("Only people decide about it.")
    if problem := approvals.objection(user, batch):
        raise ControlRefused(problem)
    if batch.approval.expires_at <= now:
        raise ControlRefused("Its time for an approval has passed. It has to be submitted again.")
    return batch, user


def _user(by: Actor) -> User | None:
    pk = by.ref.removeprefix("user/")
    return get_user_model().objects.filter(pk=pk).first() if pk.isdecimal() else None


def _check_plan(batch: Batch, seen_digest: str, now: datetime) -> None:
    if seen_digest != batch.plan_digest:
        raise ControlRefused("This is not the plan that you looked at. Look at it again.")
    if not plan_integrity.is_intact(batch):
        raise ControlRefused(
            "Its rows are not the ones that were submitted: somebody changed them in the database. "
            "Reject it."
        )
    if batch.due_at is not None and batch.due_at < now:
        raise ControlRefused("Its due date has passed. Reject it, so that another one is chosen.")


def _decide(
    batch: Batch, decision: Approval.Decision, user: User | None, now: datetime, reason: str
) -> None:
    approval = batch.approval
    approval.decision, approval.decided_at, approval.reason = decision, now, reason
    approval.decided_by, approval.decided_by_name = user, str(user or "")
    # The submitter withdrew it, so no e-mail to the submitter is needed.
    approval.email_at = None if decision == Decision.WITHDRAWN else now
    fields = ["decision", "decided_at", "reason", "decided_by", "decided_by_name", "email_at"]
    approval.save(update_fields=fields)


def _give_back(
    batch: Batch, state: Batch.State, action: str, by: Actor, now: datetime, why: str
) -> None:
    batch.state = state
    detail = {"plan_digest": batch.plan_digest}
    control.reopen_draft(batch, action, by=by, now=now, why=why, detail=detail)
