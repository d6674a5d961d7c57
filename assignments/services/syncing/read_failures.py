"""When a list cannot be read: repeat the read after a pause, begin the list anew, or give up.

A page that does not come is requested again, after pauses that grow: the shorter ones within the
run, the longer ones between runs. A cursor that is refused, has become old or leads in a circle is
given up: the list is read from its first page again, at most MAX_RESTARTS times; then the run
fails.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.log import Event, record
from assignments.models import Account, SyncPage, SyncRun
from assignments.services.calls.connections import pause_account, record_outage
from assignments.services.pacing import rate_budget
from assignments.services.syncing import run_record
from assignments.services.syncing.prefetch import ProcessEnded
from assignments.services.syncing.run_record import Stage, SyncRefused
from assignments.stackone.errors import (
    AccountUnusable,
    EndlessList,
    NotSent,
    NotSupported,
    RateLimited,
    Refused,
    StackOneError,
)

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
# A longer pause is not waited for: the run is given back, and the schedule continues it.
LONGEST_WAIT: Final = timedelta(seconds=20)
# So many doublings lead from the first pause to more than the longest one.
MAX_DOUBLINGS: Final = 10
MAX_RESTARTS: Final = 2
# An LMS may answer a cursor that has expired with any error.
OLD_CURSOR: Final = timedelta(hours=1)


def handle(run: SyncRun, error: StackOneError, now: datetime) -> timedelta:
    """Record that a read failed; return how long to wait before the next one.

    :raises SyncRefused: if the run cannot go on now
    """
    _record_for_account(run, error, now)
    run.failures = min(run.failures + 1, MAX_DOUBLINGS)
    run.failing_since = run.failing_since or now
    run.problem, run.progressed_at = error.message, now
    if isinstance(error, NotSupported) and run.stage != Stage.LEARNERS:
        _skip_stage(run)
    elif _needs_new_start(run, error, now):
        _begin_anew(run, error, now)
    elif isinstance(error, AccountUnusable):
        run_record.save(run)
        raise _refusal(error)
    if run.finished_at is not None:
        raise _refusal(error)
    return _pause(run, error, now)


def clear(run: SyncRun) -> None:
    """Record that a page was read: earlier failures are over."""
    run.failures, run.failing_since, run.retry_at, run.problem = 0, None, None, ""


def _record_for_account(run: SyncRun, error: StackOneError, now: datetime) -> None:
    if isinstance(error, RateLimited):
        rate_budget.back_off(error.retry_after, now=now)
    elif isinstance(error, NotSent):
        record_outage(run.account, now=now)
    elif isinstance(error, AccountUnusable) and not isinstance(error, NotSupported):
        pause_account(account=run.account, error=error, now=now)


def _needs_new_start(run: SyncRun, error: StackOneError, now: datetime) -> bool:
    if isinstance(error, EndlessList | NotSupported):
        return True
    if isinstance(error, Refused):
        return not isinstance(error, AccountUnusable)
    failing_since = run.failing_since or now
    return bool(run.cursor) and failing_since < now - OLD_CURSOR


def _pause(run: SyncRun, error: StackOneError, now: datetime) -> timedelta:
    """Return the pause if it is short; else store until when and raise `SyncRefused`."""
    doublings = max(0, run.failures - 1)
    pause = min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
    if isinstance(error, RateLimited):
        pause = max(pause, timedelta(seconds=error.retry_after or 0))
    run.retry_at = now + pause
    run_record.save(run)
    if pause <= LONGEST_WAIT and not isinstance(error, ProcessEnded):
        return pause
    _record_failing_sync(run)
    raise _refusal(error)


@transaction.atomic
def _begin_anew(run: SyncRun, error: StackOneError, now: datetime) -> None:
    if run.restarts >= MAX_RESTARTS:
        _fail(run, error, now)
    else:
        run_record.begin_stage_anew(run)


def _skip_stage(run: SyncRun) -> None:
    name = run_record.list_name(run)
    run_record.add_remark(run, f"The LMS cannot list {name} through StackOne.")
    run_record.begin_next_stage(run)
    clear(run)


def _fail(run: SyncRun, error: StackOneError, now: datetime) -> None:
    """End the run without a result; what was stored is kept, and nobody is marked as inactive."""
    SyncPage.objects.filter(run=run.pk).delete()
    name = run_record.list_name(run)
    problem = f"The list of {name} could not be read in {run.restarts + 1} attempts: "
    run.problem = (problem + error.message)[:500]
    run.retry_at, run.finished_at = None, now
    run_record.save(run)
    _record_failing_sync(run)
    event = Event(
        action="sync.failed",
        subject=f"sync/{run.pk}",
        account=run.account.remote_id,
        result="failed",
        detail={"is_full": run.is_full, "problem": run.problem},
    )
    record(event, by=SYSTEM, at=now)


def _record_failing_sync(run: SyncRun) -> None:
    account = Account.objects.filter(pk=run.account_id, sync_failing_since=None)
    account.update(sync_failing_since=run.failing_since)


def _refusal(error: StackOneError) -> SyncRefused:
    return SyncRefused(f"The LMS could not be read: {error.message.rstrip('.')}.")
