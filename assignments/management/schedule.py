"""What happens by the clock, in every worker: finding work that is due, and saying it is alive."""

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
DATABASE_AWAY: Final = (OperationalError, InterfaceError)


@contextmanager
def running(name: str, engine: Engine) -> Iterator[None]:
    """Run the schedule as long as the block lasts, then forget the worker."""
    jobs = [(_Tick(job, engine.away), interval) for job, interval in _jobs(name, engine)]
    is_over = threading.Event()
    thread = threading.Thread(target=_repeat, args=(jobs, is_over), name="schedule")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        _Tick(lambda: heartbeat.remove_worker(name=name), engine.away)()


def _repeat(jobs: Sequence[tuple["_Tick", timedelta]], is_over: threading.Event) -> None:
    """Run each job now and whenever its interval has passed, one after the other.

    By the clock that is never set: after a change of the time of day nothing waits for it to pass.
    """
    due = [time.monotonic()] * len(jobs)
    while not is_over.wait(max(0.0, min(due) - time.monotonic())):
        for number, (tick, interval) in enumerate(jobs):
            if due[number] <= time.monotonic():
                tick()
                due[number] = time.monotonic() + interval.total_seconds()


def _jobs(name: str, engine: Engine) -> Iterator[tuple[Job, timedelta]]:
    def record_heartbeat() -> None:
        # A worker that cannot be woken does not count as one.
        engine.check()
        heartbeat.record_heartbeat(name=name, now=timezone.now())

    yield tasks.wake_deliveries, timedelta(seconds=1)
    yield tasks.finish_withdrawals, timedelta(seconds=2)
    yield tasks.wake_syncs, timedelta(seconds=3)
    yield tasks.wake_refreshes, timedelta(seconds=2)
    yield tasks.wake_exports, timedelta(seconds=2)
    yield tasks.wake_forwarding, timedelta(seconds=2)
    yield tasks.forget_exports, timedelta(minutes=1)
    yield tasks.expire_approvals, timedelta(seconds=10)
    yield tasks.wake_emails, timedelta(seconds=5)
    yield tasks.forget_uploads, timedelta(minutes=10)
    yield record_heartbeat, timedelta(seconds=10)
    yield tasks.forget_discarded_drafts, timedelta(hours=1)
    yield tasks.keep_log, timedelta(seconds=60)
    yield from engine.chores


class _Tick:
    """A job that tells once that the database or the queue is away, and tries again."""

    def __init__(self, job: Job, away: tuple[type[Exception], ...]) -> None:
        self._job = job
        self._away: tuple[type[Exception], ...] = (*DATABASE_AWAY, *away)
        self._is_failing = False

    def __call__(self) -> None:
        close_old_connections()
        try:
            self._job()
        except self._away as error:
            if not self._is_failing:
                first_line = str(error).partition("\n")[0]
                log.warning("The schedule tries again until it succeeds: %s", first_line)
            self._is_failing = True
        except Exception:
            # The top of a thread: one job that is wrong must not end the others.
            log.exception("A scheduled job failed in our own code")
        else:
            self._is_failing = False
