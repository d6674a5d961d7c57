"""The second pair of eyes: approve, reject or withdraw a batch that waits, and let it expire."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.models import Approval, Batch
from assignments.queries import approvals
from assignments.queries.drafts import rows_to_send
from assignments.services.batches import control, plan_integrity, withdrawal
from assignments.services.batches.control import ControlRefused
from assignments.services.submitting.grace_period import hold_seconds

Batches = Batch.State
Decision = Approval.Decision
DECIDED = "It no longer waits for an approval."


@transaction.atomic
def approve(*, batch: Batch, plan_digest: str, by: Actor, now: datetime, why: str = "") -> None:
    """Let exactly this plan be sent; its hold, in which it can be undone, begins now.

    :param plan_digest: the hash of the plan that the person saw
    :raises ControlRefused: if it does not wait any more, or the person or the plan is the wrong one
    """
    batch, user = _waiting(batch, by, now)
    _check_plan(batch, plan_digest, now)
    soonest = now + timedelta(seconds=hold_seconds(rows_to_send(batch)))
    batch.state, batch.starts_at = Batches.WAITING, max(batch.starts_at or soonest, soonest)
    _decide(batch, Decision.APPROVED, user, now, why)
    starts_at = batch.starts_at.isoformat()
    told = {"plan_digest": batch.plan_digest, "starts_at": starts_at}
    control.save_state(batch, "batch.approved", "starts_at", by=by, now=now, why=why, detail=told)


def reject(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """End a batch that waits for an approval; its submitter gets the draft back.

    :raises ControlRefused: if it does not wait any more, no reason is given, or it is their own
    """
    if not why.strip():
        raise ControlRefused(
            "Say why you reject it: its submitter and the audit log get the reason."
        )
    with transaction.atomic():
        batch, user = _waiting(batch, by, now)
        _decide(batch, Decision.REJECTED, user, now, why)
        _give_back(batch, Batches.REJECTED, "batch.rejected", by, now, why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


def withdraw(*, batch: Batch, by: Actor, now: datetime, why: str = "") -> None:
    """Take a batch back that waits for an approval; only its submitter does, and may change it.

    :raises ControlRefused: if it does not wait any more, or somebody else submitted it
    """
    with transaction.atomic():
        batch, user = control.lock_batch(batch, {Batches.APPROVAL}, DECIDED), _person(by)
        if user is None or not approvals.is_submitter(user, batch):
            raise ControlRefused(
                f"Only {batch.by_name} can withdraw it. Reject it, and say why, if it is wrong."
            )
        _decide(batch, Decision.WITHDRAWN, user, now, why)
        _give_back(batch, Batches.CANCELLED, "batch.withdrawn", by, now, why)
    withdrawal.withdraw(batch=batch, by=by, now=now)


def expire_due(*, now: datetime) -> int:
    """End the batches that waited for too long and return how many they were."""
    late = Approval.objects.filter(decision="", expires_at__lte=now).select_related("batch")
    return sum(_expire(one.batch, now) for one in late.order_by("expires_at", "pk"))


def _expire(batch: Batch, now: datetime) -> bool:
    try:
        with transaction.atomic():
            batch = control.lock_batch(batch, {Batches.APPROVAL}, DECIDED)
            _decide(batch, Decision.EXPIRED, None, now, "")
            _give_back(batch, Batches.EXPIRED, "batch.expired", SYSTEM, now, "")
    except ControlRefused:
        # Somebody decided at the last moment.
        return False
    withdrawal.withdraw(batch=batch, by=SYSTEM, now=now)
    return True


def _waiting(batch: Batch, by: Actor, now: datetime) -> tuple[Batch, Any]:
    """Return the batch, locked, and the person, if that one may decide about it now."""
    batch, user = control.lock_batch(batch, {Batches.APPROVAL}, DECIDED), _person(by)
    problem = approvals.objection(user, batch) if user else "Only people decide about it."
    if problem:
        raise ControlRefused(problem)
    if batch.approval.expires_at <= now:
        raise ControlRefused("Its time for an approval has passed. It has to be submitted again.")
    return batch, user


def _person(by: Actor) -> Any:
    pk = by.ref.removeprefix("user/")
    return get_user_model().objects.filter(pk=pk).first() if pk.isdecimal() else None


def _check_plan(batch: Batch, seen_sha256: str, now: datetime) -> None:
    if seen_sha256 != batch.plan_digest:
        raise ControlRefused("This is not the plan that you looked at. Look at it again.")
    if not plan_integrity.is_intact(batch):
        raise ControlRefused(
            "Its rows are not the ones that were submitted: somebody changed them in the database. "
            "Reject it."
        )
    if batch.due_at is not None and batch.due_at < now:
        raise ControlRefused("Its due date has passed. Reject it, so that another one is chosen.")


def _decide(batch: Batch, decision: Approval.Decision, user: Any, now: datetime, why: str) -> None:
    approval = batch.approval
    approval.decision, approval.decided_at, approval.reason = decision, now, why
    approval.decided_by, approval.decided_by_name = user, str(user or "")
    # Who withdraws a batch need not be told that it was withdrawn.
    approval.email_at = None if decision == Decision.WITHDRAWN else now
    fields = ["decision", "decided_at", "reason", "decided_by", "decided_by_name", "email_at"]
    approval.save(update_fields=fields)


def _give_back(
    batch: Batch, state: Batch.State, action: str, by: Actor, now: datetime, why: str
) -> None:
    batch.state = state
    told = {"plan_digest": batch.plan_digest}
    control.reopen_draft(batch, action, by=by, now=now, why=why, detail=told)
