"""The engine for several machines: a Celery worker in this process, with a thread for each task."""

import threading
import warnings
from typing import Any, Final

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from celery.platforms import EX_OK
from celery.worker import state
from django.conf import settings
from django.core.management import CommandError
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from assignments import tasks
from assignments.management.engine import Engine
from assignments.services.operations import broker

SPARE_THREADS: Final = 2


def run(name: str) -> None:
    """Take tasks from the broker until the signal to stop, and let those that run come to an end.

    :raises CommandError: if the worker ended without having been asked to
    """
    app: Celery = import_string(settings.TASKS["default"]["OPTIONS"]["CELERY_APP"])
    # It warns of root because of pickled messages; ours are JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    signals.setup_logging.connect(_keep_logging)
    signals.worker_shutting_down.connect(_stop)
    threading.Thread(target=_pass_on_the_stop, daemon=True).start()
    worker = app.Worker(
        hostname=f"desk@{name}",
        pool="threads",
        # Never fewer than accounts: a delivery may take hours and must not hold up another.
        concurrency=len(settings.STACKONE_ACCOUNT_IDS) + SPARE_THREADS,
        queues=settings.QUEUES,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    if not tasks.stopping.is_set():
        raise CommandError("The Celery worker ended by itself; the log has the reason.")


def _keep_logging(**_: Any) -> None:
    """Having a receiver keeps Celery from setting up logging anew."""


def _stop(**_: Any) -> None:
    tasks.stopping.set()


def _pass_on_the_stop() -> None:
    # The signal may come before Celery listens for it.
    tasks.stopping.wait()
    state.should_stop = EX_OK


ENGINE: Final = Engine(
    run=run,
    check=broker.require_reachable,
    away=(OperationalError, broker.BrokerUnavailable),
    chores=(),
)
