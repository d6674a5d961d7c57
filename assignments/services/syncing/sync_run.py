"""Bringing learners, content and existing assignments in: in chunks, restartable after a kill."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.db.models import Q

from assignments.audit.entries.actors import SYSTEM, Actor
from assignments.audit.log import Event, record
from assignments.models import Account, SyncRun
from assignments.models.sql import analyze
from assignments.services.calls import rate_budget
from assignments.services.calls.connections import (
    note_answer,
    note_outage,
    open_client,
    options,
    pause_account,
)
from assignments.services.syncing import facets, storage
from assignments.services.syncing.prefetch import PagesAhead
from assignments.stackone.errors import AccountUnusable, NotSent, RateLimited, StackOneError
from assignments.stackone.page_process import AnyPage, Walk
from assignments.stackone.resources import LearningObject, RemoteAssignment, User

Clock = Callable[[], datetime]
Progress = Callable[[SyncRun], None]
Stage = SyncRun.Stage

FULL_EVERY: Final = timedelta(hours=24)
OVERLAP: Final = timedelta(minutes=5)
PAUSE_AFTER_PROBLEM: Final = timedelta(seconds=30)
ABANDONED_AFTER: Final = timedelta(seconds=90)
SAVED: Final = (
    *("learners", "contents", "assignments", "left", "changed"),
    *("cursor", "stage", "progressed_at"),
)
WALKS: Final = {
    Stage.LEARNERS: "user_pages",
    Stage.CONTENT: "content_pages",
    Stage.COURSES: "course_pages",
    Stage.ASSIGNMENTS: "assignment_pages",
}
ORDER: Final = (Stage.LEARNERS, Stage.CONTENT, Stage.COURSES, Stage.ASSIGNMENTS, Stage.DONE)


class SyncRefused(Exception):
    """The sync cannot go on now; the message says why, and what was brought in is kept."""


@transaction.atomic
def request_sync(*, account: Account, by: Actor, now: datetime) -> SyncRun:
    """Open a sync of the account, or return the one that is open already.

    It brings in what changed since the last one; once a day it walks through everything, because
    only a full walk shows who left.
    """
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    found = SyncRun.objects.filter(account=account, finished_at=None).first()
    if found is not None:
        return found
    done = SyncRun.objects.filter(account=account, stage=Stage.DONE)
    last_full = done.filter(is_full=True, started_at__gt=now - FULL_EVERY).exists()
    last = done.order_by("-started_at").first() if last_full else None
    run = SyncRun.objects.create(
        account=account,
        is_full=last is None,
        changed_since=last.started_at - OVERLAP if last else None,
        started_at=now,
        progressed_at=now,
        started_by=by.ref,
    )
    event = Event(
        action="sync.started",
        subject=f"sync/{run.pk}",
        account=account.remote_id,
        result="started",
        detail={"is_full": run.is_full},
    )
    record(event, by=by, at=now)
    return run


def run_sync(
    *, run: SyncRun, by: Actor, clock: Clock, may_go_on: Callable[[], bool], progress: Progress
) -> bool:
    """Walk on from where the sync stands; return whether it reached its end.

    Pages are fetched while those before are stored, which happens together with the cursor after
    them: a kill loses what had not been stored, and nothing else.
    Returns false at once if another worker is at it.

    :raises SyncRefused: if the LMS cannot be read now; a later call goes on from here
    """
    runner = str(uuid.uuid4())
    if not _take_over(run, runner, clock()):
        return False
    run.refresh_from_db()
    try:
        with PagesAhead(options(run.account.remote_id), clock) as pages:
            _name_account(run.account, clock)
            finished = _walk(pages, run, clock, may_go_on, progress)
    except StackOneError as error:
        _note_problem(run, error, clock())
        raise SyncRefused(f"The LMS could not be read: {error.message}") from error
    finally:
        SyncRun.objects.filter(pk=run.pk, runner=runner).update(runner="")
    if finished:
        _finish(run, by, clock())
    return finished


def sync_is_due(account: Account, *, every: timedelta, now: datetime) -> bool:
    """Return whether an open sync lies abandoned or the last one is older than `every`.

    Never while the account is paused: a refused key does not mend itself.
    """
    if account.paused_at is not None:
        return False
    opened = SyncRun.objects.filter(account=account, finished_at=None).first()
    if opened is not None:
        return opened.progressed_at < now - _patience(opened)
    return account.synced_at is None or account.synced_at < now - every


def _patience(opened: SyncRun) -> timedelta:
    if opened.runner:
        return ABANDONED_AFTER
    return PAUSE_AFTER_PROBLEM if opened.problem else timedelta(0)


def _take_over(run: SyncRun, runner: str, now: datetime) -> bool:
    free = Q(runner="") | Q(progressed_at__lt=now - ABANDONED_AFTER)
    candidates = SyncRun.objects.filter(free, pk=run.pk, finished_at=None)
    return bool(candidates.update(runner=runner, progressed_at=now, problem=""))


def _walk(
    pages: PagesAhead,
    run: SyncRun,
    clock: Clock,
    may_go_on: Callable[[], bool],
    progress: Progress,
) -> bool:
    while run.stage != Stage.DONE:
        walk = Walk(WALKS[Stage(run.stage)], run.changed_since, run.cursor or None)
        for group in pages.groups(walk):
            if not may_go_on():
                return False
            _store(run, group, clock())
            progress(run)
    return True


@transaction.atomic
def _store(run: SyncRun, pages: Sequence[AnyPage], now: datetime) -> None:
    items = [item for page in pages for item in page.items]
    if run.stage == Stage.LEARNERS:
        _store_learners(run, [i for i in items if isinstance(i, User)], now)
    elif run.stage == Stage.ASSIGNMENTS:
        held = [i for i in items if isinstance(i, RemoteAssignment)]
        run.assignments += storage.keep_assignments(run.account_id, held, now)
    else:
        source = storage.SOURCES[Stage(run.stage)]
        objects = [i for i in items if isinstance(i, LearningObject)]
        run.contents += storage.keep_contents(run, source, objects)
    run.cursor = pages[-1].next or ""
    if not run.cursor:
        if run.is_full:
            run.left += storage.mark_left(run, now)
        run.stage = ORDER[ORDER.index(Stage(run.stage)) + 1]
    run.progressed_at = now
    _save_if_still_ours(run)


def _store_learners(run: SyncRun, users: Sequence[User], now: datetime) -> None:
    if run.account.synced_at is None and not run.learners:
        people = (user.custom_fields for user in users)
        facets.propose(account=run.account, people=people, now=now)
    run.learners += storage.keep_learners(run, users)


def _save_if_still_ours(run: SyncRun) -> None:
    values = {name: getattr(run, name) for name in SAVED}
    if not SyncRun.objects.filter(pk=run.pk, runner=run.runner).update(**values):
        raise SyncRefused("Another worker took this sync over.")


def _name_account(account: Account, clock: Clock) -> None:
    with open_client(account.remote_id, pace=lambda: rate_budget.wait_for_slot(clock)) as client:
        linked = {found.id: found for found in client.accounts()}
    note_answer(account)
    found = linked.get(account.remote_id)
    if found is not None:
        Account.objects.filter(pk=account.pk).update(name=found.provider_name or found.provider)


def _note_problem(run: SyncRun, error: StackOneError, now: datetime) -> None:
    SyncRun.objects.filter(pk=run.pk).update(problem=error.message[:500], progressed_at=now)
    if isinstance(error, RateLimited):
        rate_budget.hold_until(now + timedelta(seconds=error.retry_after), now=now)
    elif isinstance(error, NotSent):
        note_outage(run.account, now=now)
    if isinstance(error, AccountUnusable):
        pause_account(account=run.account, error=error, now=now)


@transaction.atomic
def _finish(run: SyncRun, by: Actor, now: datetime) -> None:
    SyncRun.objects.filter(pk=run.pk).update(finished_at=now)
    Account.objects.filter(pk=run.account_id).update(synced_at=now)
    if run.changed or run.left:
        facets.recount(run.account_id)
    if run.changed + run.left >= analyze.MANY:
        transaction.on_commit(partial(analyze.tend, *storage.TABLES), robust=True)
    run.finished_at = now
    event = Event(
        action="sync.completed",
        subject=f"sync/{run.pk}",
        account=run.account.remote_id,
        result="synced",
        detail={
            "is_full": run.is_full,
            "learners": run.learners,
            "contents": run.contents,
            "assignments": run.assignments,
            "removed": run.left,
        },
    )
    record(event, by=by if run.started_by == by.ref else SYSTEM, at=now)
