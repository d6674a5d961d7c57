"""The worker of the embedded engine: runs queued tasks and the schedule; several may run."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from django.conf import settings
from django.core.management import BaseCommand, call_command
from django.db import close_old_connections
from django.db.utils import OperationalError
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker as QueueWorker

from assignments import tasks
from assignments.management.preparation import require_prepared_database
from assignments.services import workers

log = logging.getLogger(__name__)
MOST_ACCOUNTS: Final = 8
RESTART_SECONDS: Final = 1.0


class Command(BaseCommand):
    """Run deliveries, syncs and the schedule until SIGTERM or Ctrl-C."""

    help = "Run the worker: deliveries, syncs and scheduled tasks. Several may run at once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Start one thread for each queue and the schedule, and wait for the signal to stop."""
        require_prepared_database()
        name = f"{socket.gethostname()}:{os.getpid()}"
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: tasks.stopping.set())
        # A thread for each account: delivering one may take hours and must not hold up another.
        deliveries = min(len(settings.STACKONE_ACCOUNT_IDS), MOST_ACCOUNTS)
        queues = [_queue(name, queue) for queue in ["default", *["delivery"] * deliveries]]
        threads = [threading.Thread(target=_run_queue, args=(queue,)) for queue in queues]
        for thread in threads:
            thread.start()
        schedule = _schedule(name)
        schedule.start()
        self.stdout.write(f"Worker {name} ready.")
        tasks.stopping.wait()
        for queue in queues:
            queue.running = False
        schedule.shutdown()
        for thread in threads:
            thread.join()
        workers.leave(name=name)


def _queue(name: str, queue: str) -> QueueWorker:
    return QueueWorker(
        queue_names=[queue],
        interval=0.5,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=f"{name}:{queue}"[-64:],
        excluded_queue_names=[],
    )


def _run_queue(queue: QueueWorker) -> None:
    while not tasks.stopping.is_set():
        try:
            queue.run()
        except Exception:
            # The top of a thread: a database that restarts must not end the worker.
            log.exception("The queue %s stopped; it starts again", queue.queue_names)
            tasks.stopping.wait(RESTART_SECONDS)


def _schedule(name: str) -> BackgroundScheduler:
    schedule = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None},
    )
    every: dict[Callable[[], object], timedelta] = {
        tasks.wake_deliveries: timedelta(seconds=1),
        tasks.wake_syncs: timedelta(seconds=3),
        lambda: workers.note_seen(name=name, now=timezone.now()): timedelta(seconds=10),
        lambda: call_command("prune_db_task_results", verbosity=0): timedelta(hours=6),
    }
    for job, interval in every.items():
        schedule.add_job(
            _safely,
            "interval",
            [job],
            seconds=interval.total_seconds(),
            next_run_time=timezone.now(),
        )
    return schedule


def _safely(job: Callable[[], object]) -> None:
    close_old_connections()
    try:
        job()
    except OperationalError as error:
        # A database that is away for a moment is no news; the next tick tries again.
        log.warning("The schedule could not reach the database: %s", error)
