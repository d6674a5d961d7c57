"""Run a sync: copy people, content and assignments from the LMS, resumable after a crash."""

import time
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
from assignments.services.calls.connections import clear_outage, client_options, open_client
from assignments.services.pacing import rate_budget
from assignments.services.syncing import facets, read_failures, removal, run_record, storage
from assignments.services.syncing.prefetch import PagePrefetcher
from assignments.services.syncing.run_record import Stage
from assignments.services.syncing.sync_request import ABANDONED_AFTER
from assignments.stackone.errors import StackOneError
from assignments.stackone.page_process import AnyPage, ListRequest
from assignments.stackone.paging import MAX_EMPTY_PAGES
from assignments.stackone.resources import LearningObject, RemoteAssignment, User

Clock = Callable[[], datetime]
Progress = Callable[[SyncRun], None]
MayGoOn = Callable[[], bool]

CLIENT_METHODS: Final = {
    Stage.LEARNERS: "user_pages",
    Stage.CONTENT: "content_pages",
    Stage.COURSES: "course_pages",
    Stage.ASSIGNMENTS: "assignment_pages",
}
# A provider that filters after paging may return an empty page for so many rows that we have.
ROWS_PER_EMPTY_PAGE: Final = 50
LONGEST_SLEEP_SECONDS: Final = 0.5
MAX_NAME_CHARACTERS: Final = 200


def run_sync(
    *, run: SyncRun, by: Actor, clock: Clock, may_go_on: MayGoOn, progress: Progress
) -> bool:
    """Continue a sync from its stored cursor; return whether it is finished.

    Pages are prefetched while earlier ones are stored. Pages and cursor are stored in one
    transaction, so that a crash loses only pages that were not stored yet. Reads that fail are
    repeated as `read_failures` says.
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
            is_finished = _read_lists(prefetcher, run, clock, may_go_on, progress)
    finally:
        SyncRun.objects.filter(pk=run.pk, runner=runner).update(runner="")
    if is_finished:
        _finish(run, by, clock())
    return is_finished


def _acquire(run: SyncRun, runner: str, now: datetime) -> bool:
    """Set the runner unless another one made progress lately; return whether it was set."""
    earliest, latest = now - ABANDONED_AFTER, now + ABANDONED_AFTER
    # Progress in the future means that the clock was set back.
    is_abandoned = ~Q(progressed_at__range=(earliest, latest))
    free_run = SyncRun.objects.filter(Q(runner="") | is_abandoned, pk=run.pk, finished_at=None)
    return bool(free_run.update(runner=runner, progressed_at=now, retry_at=None))


def _read_lists(
    prefetcher: PagePrefetcher, run: SyncRun, clock: Clock, may_go_on: MayGoOn, progress: Progress
) -> bool:
    """Read the lists of all stages; return whether that was done before the worker must stop."""
    while run.stage != Stage.DONE and may_go_on():
        try:
            for group in prefetcher.groups(_list_request(run)):
                _store(run, group, clock())
                progress(run)
                if not may_go_on():
                    break
        except StackOneError as error:
            pause = read_failures.handle(run, error, clock())
            progress(run)
            _sleep(pause, may_go_on)
    return run.stage == Stage.DONE


def _list_request(run: SyncRun) -> ListRequest:
    max_empty_pages = MAX_EMPTY_PAGES + removal.rows_of_stage(run).count() // ROWS_PER_EMPTY_PAGE
    method = CLIENT_METHODS[Stage(run.stage)]
    return ListRequest(method, run.changed_since, run.cursor or None, max_empty_pages)


def _sleep(pause: timedelta, may_go_on: MayGoOn) -> None:
    until = time.monotonic() + pause.total_seconds()
    while may_go_on() and (seconds_left := until - time.monotonic()) > 0:
        time.sleep(min(seconds_left, LONGEST_SLEEP_SECONDS))


@transaction.atomic
def _store(run: SyncRun, pages: Sequence[AnyPage], now: datetime) -> None:
    removal.record_listed(run, pages)
    run_record.add_to_count(run, _store_items(run, pages, now))
    run.cursor, run.progressed_at = pages[-1].next or "", now
    if run.failing_since is not None:
        read_failures.clear(run)
        clear_outage(run.account)
    if not run.cursor:
        removal.end_stage(run, now)
    run_record.save(run)


def _store_items(run: SyncRun, pages: Sequence[AnyPage], now: datetime) -> int:
    """Store the records on pages of the current stage; return how many had an id."""
    items = [item for page in pages for item in page.items]
    if run.stage == Stage.LEARNERS:
        return _store_learners(run, [i for i in items if isinstance(i, User)], now)
    if run.stage == Stage.ASSIGNMENTS:
        records = [i for i in items if isinstance(i, RemoteAssignment)]
        return storage.store_assignments(run.account_id, records, now)
    objects = [i for i in items if isinstance(i, LearningObject)]
    return storage.store_contents(run, removal.SOURCES[Stage(run.stage)], objects)


def _store_learners(run: SyncRun, users: Sequence[User], now: datetime) -> int:
    if run.account.synced_at is None and not run.learners:
        people = (user.custom_fields for user in users)
        facets.set_default_facets(account=run.account, people=people, now=now)
    return storage.store_learners(run, users)


def _update_account_name(account: Account, clock: Clock) -> None:
    """Store the account's name; that it cannot be read must not keep the lists from being read."""
    with open_client(
        account.remote_id, before_request=lambda: rate_budget.wait_for_slot(clock)
    ) as client:
        try:
            linked_accounts = {linked.id: linked for linked in client.accounts()}
        except StackOneError:
            return
    clear_outage(account)
    linked = linked_accounts.get(account.remote_id)
    if linked is not None:
        name = (linked.provider_name or linked.provider)[:MAX_NAME_CHARACTERS]
        Account.objects.filter(pk=account.pk).update(name=name)


@transaction.atomic
def _finish(run: SyncRun, by: Actor, now: datetime) -> None:
    SyncRun.objects.filter(pk=run.pk).update(finished_at=now)
    Account.objects.filter(pk=run.account_id).update(synced_at=now, sync_failing_since=None)
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
            **({"remark": run.remark} if run.remark else {}),
        },
    )
    record(event, by=by if run.started_by == by.ref else SYSTEM, at=now)
