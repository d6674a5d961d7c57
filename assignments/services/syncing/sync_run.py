"""Run a sync: copy people, content and assignments from the LMS, resumable after a crash."""

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
from assignments.services.calls.connections import (
    clear_outage,
    client_options,
    open_client,
    pause_account,
    record_outage,
)
from assignments.services.pacing import rate_budget
from assignments.services.syncing import facets, storage
from assignments.services.syncing.prefetch import PagePrefetcher
from assignments.stackone.errors import AccountUnusable, NotSent, RateLimited, StackOneError
from assignments.stackone.page_process import AnyPage, ListRequest
from assignments.stackone.resources import LearningObject, RemoteAssignment, User

Clock = Callable[[], datetime]
Progress = Callable[[SyncRun], None]
Stage = SyncRun.Stage

FULL_EVERY: Final = timedelta(hours=24)
# An incremental sync starts this much before the last one, in case the clocks of the LMS differ.
OVERLAP: Final = timedelta(minutes=5)
RETRY_AFTER_PROBLEM: Final = timedelta(seconds=30)
ABANDONED_AFTER: Final = timedelta(seconds=90)
SAVED_FIELDS: Final = (
    *("learners", "contents", "assignments", "removed", "changed"),
    *("cursor", "stage", "progressed_at"),
)
CLIENT_METHODS: Final = {
    Stage.LEARNERS: "user_pages",
    Stage.CONTENT: "content_pages",
    Stage.COURSES: "course_pages",
    Stage.ASSIGNMENTS: "assignment_pages",
}
ORDER: Final = (Stage.LEARNERS, Stage.CONTENT, Stage.COURSES, Stage.ASSIGNMENTS, Stage.DONE)


class SyncRefused(Exception):
    """The sync cannot continue now; the message says why. Pages stored so far are kept."""


@transaction.atomic
def request_sync(*, account: Account, by: Actor, now: datetime) -> SyncRun:
    """Create a sync of the account, or return the one that is open already.

    It is incremental, but full once in FULL_EVERY: only a full sync shows who has been removed
    from the LMS.
    """
    return _get_or_create_run(_lock(account), by, now)


@transaction.atomic
def request_due_sync(
    *, account: Account, every: timedelta, by: Actor, now: datetime
) -> SyncRun | None:
    """Do as `request_sync` if a sync is due, else return None.

    Another worker may have finished one since `account` was read, hence the lock.
    """
    locked = _lock(account)
    if not is_sync_due(locked, every=every, now=now):
        return None
    return _get_or_create_run(locked, by, now)


def _lock(account: Account) -> Account:
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def _get_or_create_run(account: Account, by: Actor, now: datetime) -> SyncRun:
    open_run = SyncRun.objects.filter(account=account, finished_at=None).first()
    if open_run is not None:
        return open_run
    done = SyncRun.objects.filter(account=account, stage=Stage.DONE)
    has_recent_full = done.filter(is_full=True, started_at__gt=now - FULL_EVERY).exists()
    last = done.order_by("-started_at").first() if has_recent_full else None
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
    """Continue a sync from its stored cursor; return whether it is finished.

    Pages are prefetched while earlier ones are stored. Pages and cursor are stored in one
    transaction, so that a crash loses only pages that were not stored yet.
    Returns False immediately if another worker runs this sync.

    :raises SyncRefused: if the LMS cannot be read now; a later call continues from the cursor
    """
    runner = str(uuid.uuid4())
    if not _acquire(run, runner, clock()):
        return False
    run.refresh_from_db()
    try:
        with PagePrefetcher(client_options(run.account.remote_id), clock) as prefetcher:
            _update_account_name(run.account, clock)
            is_finished = _store_pages(prefetcher, run, clock, may_go_on, progress)
    except StackOneError as error:
        _record_problem(run, error, clock())
        raise SyncRefused(f"The LMS could not be read: {error.message}") from error
    finally:
        SyncRun.objects.filter(pk=run.pk, runner=runner).update(runner="")
    if is_finished:
        _finish(run, by, clock())
    return is_finished


def is_sync_due(account: Account, *, every: timedelta, now: datetime) -> bool:
    """Return whether an open sync is to be continued, or the last one is older than `every`.

    False while the account is paused, for instance because the LMS rejected the API key.
    """
    if account.paused_at is not None:
        return False
    open_run = SyncRun.objects.filter(account=account, finished_at=None).first()
    if open_run is not None:
        return open_run.progressed_at < now - _time_until_retry(open_run)
    return account.synced_at is None or account.synced_at < now - every


def _time_until_retry(open_run: SyncRun) -> timedelta:
    if open_run.runner:
        return ABANDONED_AFTER
    return RETRY_AFTER_PROBLEM if open_run.problem else timedelta(0)


def _acquire(run: SyncRun, runner: str, now: datetime) -> bool:
    """Set the runner unless another one made progress lately; return whether it was set."""
    is_free = Q(runner="") | Q(progressed_at__lt=now - ABANDONED_AFTER)
    free_run = SyncRun.objects.filter(is_free, pk=run.pk, finished_at=None)
    return bool(free_run.update(runner=runner, progressed_at=now, problem=""))


def _store_pages(
    prefetcher: PagePrefetcher,
    run: SyncRun,
    clock: Clock,
    may_go_on: Callable[[], bool],
    progress: Progress,
) -> bool:
    while run.stage != Stage.DONE:
        list_request = ListRequest(
            CLIENT_METHODS[Stage(run.stage)], run.changed_since, run.cursor or None
        )
        for group in prefetcher.groups(list_request):
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
        records = [i for i in items if isinstance(i, RemoteAssignment)]
        run.assignments += storage.store_assignments(run.account_id, records, now)
    else:
        source = storage.SOURCES[Stage(run.stage)]
        objects = [i for i in items if isinstance(i, LearningObject)]
        run.contents += storage.store_contents(run, source, objects)
    run.cursor = pages[-1].next or ""
    if not run.cursor:
        if run.is_full:
            run.removed += storage.deactivate_missing(run, now)
        run.stage = ORDER[ORDER.index(Stage(run.stage)) + 1]
    run.progressed_at = now
    _save_if_runner(run)


def _store_learners(run: SyncRun, users: Sequence[User], now: datetime) -> None:
    if run.account.synced_at is None and not run.learners:
        people = (user.custom_fields for user in users)
        facets.set_default_facets(account=run.account, people=people, now=now)
    run.learners += storage.store_learners(run, users)


def _save_if_runner(run: SyncRun) -> None:
    values = {name: getattr(run, name) for name in SAVED_FIELDS}
    if not SyncRun.objects.filter(pk=run.pk, runner=run.runner).update(**values):
        raise SyncRefused("Another worker took this sync over.")


def _update_account_name(account: Account, clock: Clock) -> None:
    with open_client(
        account.remote_id, before_request=lambda: rate_budget.wait_for_slot(clock)
    ) as client:
        linked_accounts = {linked.id: linked for linked in client.accounts()}
    clear_outage(account)
    linked = linked_accounts.get(account.remote_id)
    if linked is not None:
        Account.objects.filter(pk=account.pk).update(name=linked.provider_name or linked.provider)


def _record_problem(run: SyncRun, error: StackOneError, now: datetime) -> None:
    SyncRun.objects.filter(pk=run.pk).update(problem=error.message[:500], progressed_at=now)
    if isinstance(error, RateLimited):
        rate_budget.back_off_until(now + timedelta(seconds=error.retry_after), now=now)
    elif isinstance(error, NotSent):
        record_outage(run.account, now=now)
    if isinstance(error, AccountUnusable):
        pause_account(account=run.account, error=error, now=now)


@transaction.atomic
def _finish(run: SyncRun, by: Actor, now: datetime) -> None:
    SyncRun.objects.filter(pk=run.pk).update(finished_at=now)
    Account.objects.filter(pk=run.account_id).update(synced_at=now)
    if run.changed or run.removed:
        facets.count_values(run.account_id)
    if run.changed + run.removed >= analyze.MANY_ROWS:
        transaction.on_commit(partial(analyze.vacuum, *storage.TABLES), robust=True)
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
            "removed": run.removed,
        },
    )
    record(event, by=by if run.started_by == by.ref else SYSTEM, at=now)
