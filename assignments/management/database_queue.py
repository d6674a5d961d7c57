"""The embedded engine: the queue is a table, in which threads of this process look for tasks."""

import logging
import threading
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.tasks.signals import task_enqueued
from django_tasks_db.management.commands.db_worker import Worker as QueueWorker

from assignments import tasks
from assignments.database_errors import UNAVAILABLE_ERRORS, first_line
from assignments.management.engine import Engine

log = logging.getLogger("assignments.worker")
MOST_ACCOUNTS: Final = 8
RESTART_SECONDS: Final = 1.0
# In case a wake-up was lost.
LOOK_AGAIN_SECONDS: Final = 30.0
_wake_ups: Final[list[threading.Event]] = []


def run(name: str) -> None:
    """Start one thread per queue, and wait until `tasks.stopping` is set."""
    # A thread per account: a delivery may take hours and must not delay another account's.
    deliveries = min(len(settings.STACKONE_ACCOUNT_IDS), MOST_ACCOUNTS)
    others = ["default", "exports", *(["siem"] if settings.SIEM else [])]
    queues = [_queue(name, queue) for queue in [*others, *["delivery"] * deliveries]]
    _wake_ups[:] = [threading.Event() for _ in queues]
    # What other processes enqueue the schedule notices; this is for its own tasks.
    task_enqueued.connect(wake)
    threads = [
        threading.Thread(target=_run_queue, args=pair)
        for pair in zip(queues, _wake_ups, strict=True)
    ]
    for thread in threads:
        thread.start()
    tasks.stopping.wait()
    for queue in queues:
        queue.running = False
    wake()
    for thread in threads:
        thread.join()


def wake(**_: object) -> None:
    """Let every queue look for tasks."""
    for wake_up in _wake_ups:
        wake_up.set()


def _queue(name: str, queue: str) -> QueueWorker:
    return QueueWorker(
        queue_names=[queue],
        interval=0.5,
        # Until no task is left.
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=f"{name}:{queue}"[-64:],
        excluded_queue_names=[],
    )


def _run_queue(queue: QueueWorker, wake_up: threading.Event) -> None:
    while not tasks.stopping.is_set():
        wake_up.clear()
        try:
            queue.run()
            wake_up.wait(LOOK_AGAIN_SECONDS)
        except UNAVAILABLE_ERRORS as error:
            log.warning("The queue %s lost the database: %s", queue.queue_names, first_line(error))
            connection.close()
            tasks.stopping.wait(RESTART_SECONDS)
        except Exception:
            # The top of a thread: one task must not end the worker.
            log.exception("The queue %s stopped; it starts again", queue.queue_names)
            tasks.stopping.wait(RESTART_SECONDS)


ENGINE: Final = Engine(
    run=run,
    check=lambda: None,
    unavailable_errors=(),
    wake=wake,
    jobs=((lambda: call_command("prune_db_task_results", verbosity=0), timedelta(hours=6)),),
)
