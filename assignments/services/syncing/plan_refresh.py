"""Refresh a plan: read the assignments of its people from the LMS and freeze the plan again."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import Batch, Draft, Learner, PlanRefresh, RemoteAssignment
from assignments.services.calls.connections import REFUSALS_IN_A_ROW, open_client, pause_account
from assignments.services.pacing import rate_budget
from assignments.services.planning import frozen_plan
from assignments.services.syncing import storage
from assignments.stackone.client import StackOne
from assignments.stackone.errors import (
    AccountUnusable,
    NotSupported,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.resources import RemoteAssignment as AssignmentRecord

Clock = Callable[[], datetime]

MAX_PEOPLE: Final = 500
ABANDONED_AFTER: Final = timedelta(seconds=90)
MAX_ATTEMPTS: Final = 3
COUNTS: Final = (
    *("people_read", "people_not_read"),
    *("assignments_added", "assignments_removed"),
)
NOT_SUPPORTED: Final = (
    "This LMS does not list the assignments of one person. The plan is unchanged. "
    "Sync the directory instead."
)
PLAN_CHANGED: Final = "The plan changed during the refresh, so it was not updated. Refresh again."


class RefreshRefused(Exception):
    """No refresh was started; the message says why and what to do."""


@transaction.atomic
def request_refresh(*, batch: Batch, by: Actor, now: datetime) -> PlanRefresh:
    """Create a refresh of the people in a plan, or return the one that is running.

    :raises RefreshRefused: if the plan has more than MAX_PEOPLE, or the account is paused
    """
    draft = Draft.objects.select_for_update(of=("self",)).get(pk=batch.submission_key)
    running = PlanRefresh.objects.filter(draft=draft, finished_at=None).first()
    if running is not None:
        return running
    _require_refreshable(batch)
    refresh, _ = PlanRefresh.objects.update_or_create(
        draft=draft,
        defaults={
            "plan_digest": batch.plan_digest,
            "people": batch.people,
            **dict.fromkeys((*COUNTS, "last_learner_pk"), 0),
            **dict.fromkeys(("runner", "problem"), ""),
            "started_at": now,
            "progressed_at": now,
            "finished_at": None,
        },
    )
    _record(refresh, "plan.refresh_requested", "started", by, now)
    return refresh


def pending_refreshes(*, now: datetime) -> QuerySet[PlanRefresh]:
    """Return unfinished refreshes that no worker runs."""
    is_free = Q(runner="") | Q(progressed_at__lt=now - ABANDONED_AFTER)
    return PlanRefresh.objects.filter(is_free, finished_at=None)


def run_refresh(*, refresh: PlanRefresh, clock: Clock, may_go_on: Callable[[], bool]) -> None:
    """Read the assignments of one person after another, then freeze the plan again.

    Does nothing if another worker runs this refresh. If the LMS cannot be read, the refresh ends
    with a message and the plan stays as it is. After a crash the next call continues behind the
    last person that was stored.
    """
    runner = str(uuid.uuid4())
    pending = pending_refreshes(now=clock()).filter(pk=refresh.pk)
    if not pending.update(runner=runner, progressed_at=clock()):
        return
    refresh.refresh_from_db()
    problem = ""
    try:
        if not _read_all(refresh, clock, may_go_on):
            PlanRefresh.objects.filter(pk=refresh.pk, runner=runner).update(runner="")
            return
    except StackOneError as error:
        problem = _explain(refresh, error, clock())
    _finish(refresh, problem, clock())


def _require_refreshable(batch: Batch) -> None:
    if batch.account.paused_at is not None:
        raise RefreshRefused(f"The LMS cannot be read now. {batch.account.pause_reason}")
    if batch.people > MAX_PEOPLE:
        raise RefreshRefused(
            f"One by one, {batch.people:,} people take longer than a sync. Up to {MAX_PEOPLE} "
            "are refreshed here: sync the directory instead."
        )


def _read_all(refresh: PlanRefresh, clock: Clock, may_go_on: Callable[[], bool]) -> bool:
    """Read and store the assignments of everybody left; return whether nothing is left to read.

    A refusal is that of one person while others can be read (see `sending.refusals`).

    :raises StackOneError: if the LMS cannot be read at all
    """
    account_id = refresh.draft.account.remote_id
    refusals: list[AccountUnusable] = []
    with open_client(account_id, before_request=lambda: rate_budget.wait_for_slot(clock)) as client:
        for learner in _people(refresh):
            if not may_go_on():
                return False
            started_at = clock()
            result = _read(client, learner, clock)
            if not _store(refresh, learner, result, started_at):
                return False
            refusals = [*refusals, result] if isinstance(result, AccountUnusable) else []
            if len(refusals) == REFUSALS_IN_A_ROW:
                raise refusals[-1]
    if refusals and refresh.people_not_read == refresh.people_read:
        raise refusals[-1]
    return True


def _people(refresh: PlanRefresh) -> list[Learner]:
    """Return the people of the plan who have not been read yet."""
    is_in_plan = Q(assignments__batch__submission_key=refresh.pk)
    remaining = Learner.objects.filter(is_in_plan, pk__gt=refresh.last_learner_pk)
    return list(remaining.order_by("pk").distinct())


def _read(client: StackOne, learner: Learner, clock: Clock) -> list[AssignmentRecord] | Refused:
    """Return a person's assignments in the LMS, or why it refuses to list them.

    :raises StackOneError: if the LMS cannot be read at all, or limits the rate MAX_ATTEMPTS times
    """
    for _ in range(MAX_ATTEMPTS):
        try:
            pages = client.user_assignment_pages(learner.remote_id)
            return [record for page in pages for record in page.items]
        except RateLimited as error:
            last_error, now = error, clock()
            rate_budget.back_off(error.retry_after, now=now)
        except Refused as refusal:
            return refusal
    raise last_error


@transaction.atomic
def _store(
    refresh: PlanRefresh,
    learner: Learner,
    result: list[AssignmentRecord] | Refused,
    read_at: datetime,
) -> bool:
    """Store a person's assignments; return whether this worker still runs the refresh."""
    if isinstance(result, Refused):
        refresh.people_not_read += 1
    else:
        _store_assignments(refresh, learner, result, read_at)
    refresh.people_read += 1
    refresh.last_learner_pk, refresh.progressed_at = learner.pk, read_at
    fields = (*COUNTS, "last_learner_pk", "progressed_at")
    still_running = PlanRefresh.objects.filter(pk=refresh.pk, runner=refresh.runner)
    return bool(still_running.update(**{name: getattr(refresh, name) for name in fields}))


def _store_assignments(
    refresh: PlanRefresh, learner: Learner, records: list[AssignmentRecord], read_at: datetime
) -> None:
    stored = RemoteAssignment.objects.filter(learner=learner)
    count_before = stored.count()
    # The LMS may not list yet what was created within the settle window.
    settled_before = read_at - timedelta(seconds=settings.SETTLE_SECONDS)
    listed = [record.id for record in records if record.id]
    missing = stored.filter(first_seen_at__lt=settled_before).exclude(remote_id__in=listed)
    # A record without an id may be any of them.
    removed = missing.delete()[0] if len(listed) == len(records) else 0
    storage.store_assignments(learner.account_id, records, read_at)
    refresh.assignments_removed += removed
    refresh.assignments_added += max(0, stored.count() - count_before + removed)


def _explain(refresh: PlanRefresh, error: StackOneError, now: datetime) -> str:
    """Return what the page says about an error; pause the account if it is unusable."""
    if isinstance(error, NotSupported):
        return NOT_SUPPORTED
    if isinstance(error, AccountUnusable):
        pause_account(account=refresh.draft.account, error=error, now=now)
    return f"The LMS could not be read: {error.message} The plan is unchanged. Refresh again later."


@transaction.atomic
def _finish(refresh: PlanRefresh, problem: str, now: datetime) -> None:
    draft = Draft.objects.select_for_update(of=("self",)).get(pk=refresh.pk)
    refresh.problem = problem or _freeze_again(draft, refresh, now)
    refresh.finished_at, refresh.progressed_at, refresh.runner = now, now, ""
    refresh.save(update_fields=["problem", "finished_at", "progressed_at", "runner"])
    _record(refresh, "plan.refreshed", "failed" if refresh.problem else "refreshed", SYSTEM, now)


def _freeze_again(draft: Draft, refresh: PlanRefresh, now: datetime) -> str:
    """Freeze the plan again unless it has changed; return why it was not, or an empty string."""
    planned = Batch.objects.filter(submission_key=draft.pk, state=Batch.State.PLANNED)
    if not planned.filter(plan_digest=refresh.plan_digest).exists():
        return PLAN_CHANGED
    try:
        frozen_plan.freeze(draft=draft, now=now)
    except frozen_plan.PlanRefused as refusal:
        return f"{refusal} The plan is unchanged."
    return ""


def _record(refresh: PlanRefresh, action: str, result: str, by: Actor, now: datetime) -> None:
    detail = {name: getattr(refresh, name) for name in ("people", *COUNTS, "problem")}
    subject, account = f"draft/{refresh.pk}", refresh.draft.account.remote_id
    event = Event(action=action, subject=subject, account=account, result=result, detail=detail)
    record(event, by=by, at=now)
