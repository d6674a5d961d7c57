"""What happens by the clock, in every worker: finding work that is due, and saying it is alive."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from django.db import close_old_connections
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone

from assignments import tasks
from assignments.management.engine import Engine
from assignments.services import workers

Job = Callable[[], object]
log = logging.getLogger(__name__)
DATABASE_AWAY: Final = (OperationalError, InterfaceError)


@contextmanager
def running(name: str, engine: Engine) -> Iterator[None]:
    """Run the schedule as long as the block lasts, then forget the worker."""
    schedule = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None},
    )
    for job, interval in _jobs(name, engine):
        _Tick(job, engine.away).add_to(schedule, interval)
    schedule.start()
    try:
        yield
    finally:
        schedule.shutdown()
        _Tick(lambda: workers.leave(name=name), engine.away)()


def _jobs(name: str, engine: Engine) -> Iterator[tuple[Job, timedelta]]:
    def note_seen() -> None:
        # A worker that cannot be woken does not count as one.
        engine.check()
        workers.note_seen(name=name, now=timezone.now())

    yield tasks.wake_deliveries, timedelta(seconds=1)
    yield tasks.finish_withdrawals, timedelta(seconds=2)
    yield tasks.wake_syncs, timedelta(seconds=3)
    yield note_seen, timedelta(seconds=10)
    yield from engine.chores


class _Tick:
    """A job that tells once that the database or the queue is away, and tries again."""

    def __init__(self, job: Job, away: tuple[type[Exception], ...]) -> None:
        self._job = job
        self._away: tuple[type[Exception], ...] = (*DATABASE_AWAY, *away)
        self._is_failing = False

    def add_to(self, schedule: BackgroundScheduler, interval: timedelta) -> None:
        seconds = interval.total_seconds()
        schedule.add_job(self, "interval", seconds=seconds, next_run_time=timezone.now())

    def __call__(self) -> None:
        close_old_connections()
        try:
            self._job()
        except self._away as error:
            if not self._is_failing:
                first_line = str(error).partition("\n")[0]
                log.warning("The schedule tries again until it succeeds: %s", first_line)
            self._is_failing = True
        else:
            self._is_failing = False
