"""Request a sync: by a person, or because one is due."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Min

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, SyncRun
from assignments.services.syncing.run_record import Stage

FULL_EVERY: Final = timedelta(hours=24)
# An incremental sync starts this much before the last one, in case the clocks of the LMS differ.
OVERLAP: Final = timedelta(minutes=5)
ABANDONED_AFTER: Final = timedelta(seconds=90)
# A sync that failed would probably fail again at once.
PAUSE_AFTER_FAILURE: Final = timedelta(hours=1)
# No pause is longer; a later end means that the clock was set back.
MAX_PAUSE: Final = timedelta(hours=1)


@transaction.atomic
def request_sync(*, account: Account, by: Actor, now: datetime) -> SyncRun:
    """Create a sync of the account, or return the one that is open already and let it go on now.

    It is incremental, but full once in FULL_EVERY and after a sync that failed: only a full sync
    shows who has been removed from the LMS.
    """
    run = _get_or_create_run(_lock(account), by, now)
    SyncRun.objects.filter(pk=run.pk).update(retry_at=None)
    return run


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


def is_sync_due(account: Account, *, every: timedelta, now: datetime) -> bool:
    """Return whether an open sync is to be continued, or the last one is older than `every`.

    False while the account is paused, for instance because the LMS rejected the API key.
    """
    if account.paused_at is not None:
        return False
    latest = SyncRun.objects.filter(account=account).order_by("-started_at", "-pk").first()
    if latest is not None and latest.finished_at is None:
        return _can_continue(latest, now)
    if latest is not None and latest.finished_at is not None and latest.stage != Stage.DONE:
        return latest.finished_at < now - PAUSE_AFTER_FAILURE
    return account.synced_at is None or account.synced_at < now - every


def next_retry_at(*, now: datetime) -> datetime | None:
    """Return when a sync that waits is tried again, next after `now`."""
    waiting = SyncRun.objects.filter(finished_at=None, retry_at__gt=now)
    at: datetime | None = waiting.aggregate(at=Min("retry_at"))["at"]
    return at


def is_abandoned(run: SyncRun, now: datetime) -> bool:
    """Return whether the runner of an open sync made no progress for long."""
    return abs(now - run.progressed_at) > ABANDONED_AFTER


def _can_continue(run: SyncRun, now: datetime) -> bool:
    if run.runner:
        return is_abandoned(run, now)
    return run.retry_at is None or not now < run.retry_at <= now + MAX_PAUSE


def _lock(account: Account) -> Account:
    return Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def _get_or_create_run(account: Account, by: Actor, now: datetime) -> SyncRun:
    open_run = SyncRun.objects.filter(account=account, finished_at=None).first()
    if open_run is not None:
        return open_run
    last = _last_successful_run(account, now)
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


def _last_successful_run(account: Account, now: datetime) -> SyncRun | None:
    """Return the run to which changes are added; None if everything is to be read."""
    runs = SyncRun.objects.filter(account=account).order_by("-started_at", "-pk")
    has_recent_full = runs.filter(
        stage=Stage.DONE, is_full=True, started_at__gt=now - FULL_EVERY
    ).exists()
    last = runs.first()
    return last if has_recent_full and last and last.stage == Stage.DONE else None
