"""The schedule that every worker runs: enqueue due work, and record that the worker is alive."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db import close_old_connections
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from assignments import tasks
from assignments.management.engine import Engine
from assignments.services.operations import heartbeat

Job = Callable[[], object]
log = logging.getLogger("assignments.worker")
DATABASE_ERRORS: Final = (OperationalError, InterfaceError)


@contextmanager
def running(name: str, engine: Engine) -> Iterator[None]:
    """Run the schedule in a thread while the block runs, then remove the worker's heartbeat."""
    errors = engine.unavailable_errors
    jobs = [(_RetriedJob(job, errors), interval) for job, interval in _jobs(name, engine)]
    is_over = threading.Event()
    thread = threading.Thread(target=_repeat, args=(jobs, is_over), name="schedule")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        _RetriedJob(lambda: heartbeat.remove_worker(name=name), errors)()


def _repeat(jobs: Sequence[tuple["_RetriedJob", timedelta]], is_over: threading.Event) -> None:
    """Run each job now and then at its interval, one job after the other.

    By the monotonic clock, so that setting the system clock back delays nothing.
    """
    due = [time.monotonic()] * len(jobs)
    while not is_over.wait(max(0.0, min(due) - time.monotonic())):
        for number, (job, interval) in enumerate(jobs):
            if due[number] <= time.monotonic():
                job()
                due[number] = time.monotonic() + interval.total_seconds()


def _jobs(name: str, engine: Engine) -> Iterator[tuple[Job, timedelta]]:
    def record_heartbeat() -> None:
        # A worker that gets no tasks from its queue must not count as alive.
        engine.check()
        heartbeat.record_heartbeat(name=name, now=timezone.now())

    yield tasks.enqueue_deliveries, timedelta(seconds=1)
    yield tasks.finish_withdrawals, timedelta(seconds=2)
    yield tasks.enqueue_syncs, timedelta(seconds=3)
    yield tasks.enqueue_refreshes, timedelta(seconds=2)
    yield tasks.enqueue_exports, timedelta(seconds=2)
    yield tasks.enqueue_forwarding, timedelta(seconds=2)
    yield tasks.delete_expired_exports, timedelta(minutes=1)
    yield tasks.expire_approvals, timedelta(seconds=10)
    yield tasks.enqueue_emails, timedelta(seconds=5)
    yield tasks.delete_expired_uploads, timedelta(minutes=10)
    yield record_heartbeat, timedelta(seconds=10)
    yield tasks.delete_discarded_drafts, timedelta(hours=1)
    yield tasks.enqueue_log_checks, timedelta(seconds=60)
    yield from engine.jobs


class _RetriedJob:
    """A job that is retried if the database or the queue fails; it warns once per outage."""

    def __init__(self, job: Job, unavailable_errors: tuple[type[Exception], ...]) -> None:
        self._job = job
        self._errors: tuple[type[Exception], ...] = (*DATABASE_ERRORS, *unavailable_errors)
        self._is_failing = False

    def __call__(self) -> None:
        close_old_connections()
        try:
            self._job()
        except self._errors as error:
            if not self._is_failing:
                first_line = str(error).partition("\n")[0]
                log.warning("The schedule tries again until it succeeds: %s", first_line)
            self._is_failing = True
        except Exception:
            # The top of a thread: a bug in one job must not end the others.
            log.exception("A scheduled job failed in our own code")
        else:
            self._is_failing = False
