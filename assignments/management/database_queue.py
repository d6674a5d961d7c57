"""The embedded engine: the queue is a table that threads of this process poll."""

import logging
import threading
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.management import call_command
from django.db.utils import InterfaceError, OperationalError
from django_tasks_db.management.commands.db_worker import Worker as QueueWorker

from assignments import tasks
from assignments.management.engine import Engine

log = logging.getLogger("assignments.worker")
MOST_ACCOUNTS: Final = 8
RESTART_SECONDS: Final = 1.0


def run(name: str) -> None:
    """Start one thread per queue, and wait until `tasks.stopping` is set."""
    # A thread per account: a delivery may take hours and must not delay another account's.
    deliveries = min(len(settings.STACKONE_ACCOUNT_IDS), MOST_ACCOUNTS)
    others = ["default", "exports", *(["siem"] if settings.SIEM else [])]
    queues = [_queue(name, queue) for queue in [*others, *["delivery"] * deliveries]]
    threads = [threading.Thread(target=_run_queue, args=(queue,)) for queue in queues]
    for thread in threads:
        thread.start()
    tasks.stopping.wait()
    for queue in queues:
        queue.running = False
    for thread in threads:
        thread.join()


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
        except (OperationalError, InterfaceError) as error:
            first_line = str(error).partition("\n")[0]
            log.warning("The queue %s lost the database: %s", queue.queue_names, first_line)
            tasks.stopping.wait(RESTART_SECONDS)
        except Exception:
            # The top of a thread: one task must not end the worker.
            log.exception("The queue %s stopped; it starts again", queue.queue_names)
            tasks.stopping.wait(RESTART_SECONDS)


ENGINE: Final = Engine(
    run=run,
    check=lambda: None,
    unavailable_errors=(),
    jobs=((lambda: call_command("prune_db_task_results", verbosity=0), timedelta(hours=6)),),
)
