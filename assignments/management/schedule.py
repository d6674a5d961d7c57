"""The schedule that every worker runs: enqueue due work, and record that the worker is alive.

An idle worker asks twice a second, with one cheap query, whether the database has changed. Only
then, or when a known time has come, it looks for work.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from assignments import tasks
from assignments.database_errors import UNAVAILABLE_ERRORS, first_line
from assignments.management.engine import Engine
from assignments.models.sql.change_marker import change_marker
from assignments.services.operations import heartbeat

# A job may return when it should run again, if nothing changes until then.
Job = Callable[[], object]
TICK_SECONDS: Final = 0.5
# Also without a change: what is due by the clock, or after a worker was killed.
AT_LATEST: Final = timedelta(seconds=20)
log = logging.getLogger("assignments.worker")


@contextmanager
def running(name: str, engine: Engine) -> Iterator[None]:
    """Run the schedule in a thread while the block runs, then remove the worker's heartbeat."""
    failing: set[ScheduledJob] = set()
    jobs = [
        ScheduledJob(job, every, at_latest, engine.unavailable_errors, failing)
        for job, every, at_latest in _jobs(name, engine)
    ]
    is_over = threading.Event()
    thread = threading.Thread(target=_repeat, args=(jobs, engine, is_over), name="schedule")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        at_once = timedelta()
        ScheduledJob(
            lambda: heartbeat.remove_worker(name=name),
            at_once,
            at_once,
            engine.unavailable_errors,
            failing,
        ).run_if_due(has_changed=True)


def _repeat(jobs: Sequence["ScheduledJob"], engine: Engine, is_over: threading.Event) -> None:
    """Run the due jobs, one after the other; wake the queues if there may be tasks for them."""
    changes = ChangeWatch()
    while not is_over.wait(TICK_SECONDS):
        has_changed = changes.has_changed()
        if has_changed:
            engine.wake()
        for job in jobs:
            job.run_if_due(has_changed=has_changed)
    connection.close()


def _jobs(name: str, engine: Engine) -> Iterator[tuple[Job, timedelta, timedelta]]:
    """Yield jobs, how often they run while the database changes, and how often at least."""

    def record_heartbeat() -> None:
        # A worker that gets no tasks from its queue must not count as alive.
        engine.check()
        heartbeat.record_heartbeat(name=name, now=timezone.now())

    yield tasks.enqueue_deliveries, timedelta(seconds=0.5), AT_LATEST
    yield tasks.finish_withdrawals, timedelta(seconds=2), AT_LATEST
    yield tasks.enqueue_syncs, timedelta(seconds=3), AT_LATEST
    yield tasks.enqueue_refreshes, timedelta(seconds=2), AT_LATEST
    yield tasks.enqueue_exports, timedelta(seconds=2), AT_LATEST
    yield tasks.enqueue_forwarding, timedelta(seconds=2), AT_LATEST
    yield tasks.enqueue_emails, timedelta(seconds=5), AT_LATEST
    for job, every in (
        (record_heartbeat, timedelta(seconds=20)),
        (tasks.expire_approvals, timedelta(seconds=10)),
        (tasks.delete_expired_exports, timedelta(minutes=1)),
        (tasks.enqueue_log_checks, timedelta(minutes=1)),
        (tasks.delete_expired_uploads, timedelta(minutes=10)),
        (tasks.delete_discarded_drafts, timedelta(hours=1)),
        *engine.jobs,
    ):
        yield job, every, every


class ChangeWatch:
    """Tells whether the database has changed since it was last asked; a lost one has."""

    def __init__(self) -> None:
        self._marker: object = None

    def has_changed(self) -> bool:
        """Return whether there may be new work."""
        previous = self._marker
        try:
            self._marker = change_marker()
        except UNAVAILABLE_ERRORS:
            connection.close()
            self._marker = None
        return self._marker is None or self._marker != previous


class ScheduledJob:
    """A job that is repeated also if the database or the queue fails; it warns once per outage.

    Intervals are measured by the monotonic clock, so that setting the system clock delays nothing.

    :param every: the shortest time between two runs
    :param at_latest: the time after which it runs although nothing has changed
    :param failing: the jobs that fail at the moment
    """

    def __init__(
        self,
        job: Job,
        every: timedelta,
        at_latest: timedelta,
        unavailable_errors: tuple[type[Exception], ...],
        failing: "set[ScheduledJob]",
    ) -> None:
        self._job = job
        self._failing = failing
        self._every, self._at_latest = every.total_seconds(), at_latest.total_seconds()
        self._errors: tuple[type[Exception], ...] = (*UNAVAILABLE_ERRORS, *unavailable_errors)
        self._ran_monotonic = float("-inf")
        self._may_have_work = False
        self._due_at: datetime | None = None

    def run_if_due(self, *, has_changed: bool) -> None:
        """Run the job if it is due, or if it may have work and has not run just now."""
        self._may_have_work |= has_changed
        seconds = time.monotonic() - self._ran_monotonic
        is_time = self._due_at is not None and self._due_at <= timezone.now()
        is_wanted = (self._may_have_work or is_time) and seconds >= self._every
        if is_wanted or seconds >= self._at_latest:
            self._ran_monotonic, self._may_have_work = time.monotonic(), False
            self._run()

    def _run(self) -> None:
        try:
            due_at = self._job()
            self._due_at = due_at if isinstance(due_at, datetime) else None
        except self._errors as error:
            connection.close()
            if not self._failing:
                log.warning("The schedule tries again until it succeeds: %s", first_line(error))
            self._failing.add(self)
            self._may_have_work = True
        except Exception:
            # The top of a thread: a bug in one job must not end the others.
            log.exception("A scheduled job failed in our own code")
        else:
            self._failing.discard(self)
