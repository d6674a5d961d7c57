"""Reading anew from the LMS what the people of one plan have, and freezing the plan again."""

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
from assignments.services.calls import rate_budget
from assignments.services.calls.connections import open_client, pause_account
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
from assignments.stackone.resources import RemoteAssignment as Held

Clock = Callable[[], datetime]

MOST_PEOPLE: Final = 500
ABANDONED_AFTER: Final = timedelta(seconds=90)
MOST_HOLDS: Final = 3
MOVED: Final = ("done", "unread", "added", "gone", "last_learner", "progressed_at")
NOT_LISTED: Final = (
    "This LMS does not give out what one person has. The plan is as it was. "
    "Let the directory be synced instead."
)
CHANGED: Final = "The plan was made anew meanwhile, so this one was left. Refresh again."


class RefreshRefused(Exception):
    """No refresh was begun; the message says why and what to do."""


@transaction.atomic
def request(*, batch: Batch, by: Actor, now: datetime) -> PlanRefresh:
    """Begin a refresh of the people of a plan, or return the one that is under way.

    :raises RefreshRefused: if they are too many, or the account is paused
    """
    draft = Draft.objects.select_for_update(of=("self",)).get(pk=batch.submission_key)
    going = PlanRefresh.objects.filter(draft=draft, finished_at=None).first()
    if going is not None:
        return going
    _check(batch)
    refresh, _ = PlanRefresh.objects.update_or_create(
        draft=draft,
        defaults={
            "plan_digest": batch.plan_digest,
            "people": batch.people,
            **dict.fromkeys(("done", "unread", "added", "gone", "last_learner"), 0),
            **dict.fromkeys(("runner", "problem"), ""),
            "started_at": now,
            "progressed_at": now,
            "finished_at": None,
        },
    )
    _record(refresh, "plan.refresh_requested", "started", by, now)
    return refresh


def waiting(*, now: datetime) -> QuerySet[PlanRefresh]:
    """Return the refreshes that are to go on and that no worker is at."""
    return PlanRefresh.objects.filter(_free(now), finished_at=None)


def go_on(*, refresh: PlanRefresh, clock: Clock, may_go_on: Callable[[], bool]) -> None:
    """Read person after person, then freeze the plan again; nothing if another worker is at it.

    What goes wrong ends it with a sentence and leaves the plan as it is. After a kill the next
    call goes on behind the last person that was stored.
    """
    runner = str(uuid.uuid4())
    if not waiting(now=clock()).filter(pk=refresh.pk).update(runner=runner, progressed_at=clock()):
        return
    refresh.refresh_from_db()
    problem = ""
    try:
        if not _read_all(refresh, clock, may_go_on):
            PlanRefresh.objects.filter(pk=refresh.pk, runner=runner).update(runner="")
            return
    except StackOneError as error:
        problem = _problem(refresh, error, clock())
    _finish(refresh, problem, clock())


def _free(now: datetime) -> Q:
    return Q(runner="") | Q(progressed_at__lt=now - ABANDONED_AFTER)


def _check(batch: Batch) -> None:
    if batch.account.paused_at is not None:
        raise RefreshRefused(f"The LMS cannot be asked now. {batch.account.pause_reason}")
    if batch.people > MOST_PEOPLE:
        raise RefreshRefused(
            f"One by one, {batch.people:,} people take longer than a sync. Up to {MOST_PEOPLE} "
            "are refreshed here: let the directory be synced instead."
        )


def _read_all(refresh: PlanRefresh, clock: Clock, may_go_on: Callable[[], bool]) -> bool:
    account_id = refresh.draft.account.remote_id
    with open_client(account_id, pace=lambda: rate_budget.wait_for_slot(clock)) as client:
        for learner in _people(refresh):
            if not may_go_on():
                return False
            began = clock()
            held = _read(client, learner, clock)
            if not _store(refresh, learner, held, began):
                return False
    return True


def _people(refresh: PlanRefresh) -> list[Learner]:
    rows = Q(assignments__batch__submission_key=refresh.pk)
    ahead = Learner.objects.filter(rows, pk__gt=refresh.last_learner)
    return list(ahead.order_by("pk").distinct())


def _read(client: StackOne, learner: Learner, clock: Clock) -> list[Held] | None:
    """Return what the person has, or None if the LMS does not give them out."""
    for _ in range(MOST_HOLDS):
        try:
            pages = client.user_assignment_pages(learner.remote_id)
            return [record for page in pages for record in page.items]
        except RateLimited as error:
            last, now = error, clock()
            rate_budget.hold_until(now + timedelta(seconds=error.retry_after), now=now)
        except AccountUnusable:
            raise
        except Refused:
            return None
    raise last


@transaction.atomic
def _store(
    refresh: PlanRefresh, learner: Learner, held: list[Held] | None, began: datetime
) -> bool:
    """Keep what a person has and return whether the refresh is still this worker's."""
    if held is None:
        refresh.unread += 1
    else:
        theirs = RemoteAssignment.objects.filter(learner=learner)
        before = theirs.count()
        # What was created a moment ago may not be listed yet.
        settled = began - timedelta(seconds=settings.SETTLE_SECONDS)
        listed = [record.id for record in held if record.id]
        vanished = theirs.filter(first_seen_at__lt=settled).exclude(remote_id__in=listed)
        gone, _ = vanished.delete()
        storage.keep_assignments(learner.account_id, held, began)
        refresh.gone += gone
        refresh.added += max(0, theirs.count() - before + gone)
    refresh.done += 1
    refresh.last_learner, refresh.progressed_at = learner.pk, began
    moved = {name: getattr(refresh, name) for name in MOVED}
    ours = PlanRefresh.objects.filter(pk=refresh.pk, runner=refresh.runner)
    return bool(ours.update(**moved))


def _problem(refresh: PlanRefresh, error: StackOneError, now: datetime) -> str:
    if isinstance(error, NotSupported):
        return NOT_LISTED
    if isinstance(error, AccountUnusable):
        pause_account(account=refresh.draft.account, error=error, now=now)
    return f"The LMS could not be read: {error.message} The plan is as it was. Refresh again later."


@transaction.atomic
def _finish(refresh: PlanRefresh, problem: str, now: datetime) -> None:
    draft = Draft.objects.select_for_update(of=("self",)).get(pk=refresh.pk)
    refresh.problem = problem or _frozen_again(draft, refresh, now)
    refresh.finished_at, refresh.progressed_at, refresh.runner = now, now, ""
    refresh.save(update_fields=["problem", "finished_at", "progressed_at", "runner"])
    _record(refresh, "plan.refreshed", "failed" if refresh.problem else "refreshed", SYSTEM, now)


def _frozen_again(draft: Draft, refresh: PlanRefresh, now: datetime) -> str:
    """Update the plan if it is still the one, and return what stood in the way, or nothing."""
    planned = Batch.objects.filter(submission_key=draft.pk, state=Batch.State.PLANNED)
    if not planned.filter(plan_digest=refresh.plan_digest).exists():
        return CHANGED
    try:
        frozen_plan.freeze(draft=draft, now=now)
    except frozen_plan.PlanRefused as refusal:
        return f"{refusal} The plan is as it was."
    return ""


def _record(refresh: PlanRefresh, action: str, result: str, by: Actor, now: datetime) -> None:
    detail = {
        "people": refresh.people,
        "people_read": refresh.done,
        "people_not_read": refresh.unread,
        "assignments_added": refresh.added,
        "assignments_removed": refresh.gone,
        "problem": refresh.problem,
    }
    subject, account = f"draft/{refresh.pk}", refresh.draft.account.remote_id
    event = Event(action=action, subject=subject, account=account, result=result, detail=detail)
    record(event, by=by, at=now)
