"""The engine for several machines: a Celery worker in this process, with a thread per task."""

import threading
import warnings
from typing import Final

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
    """Run tasks from the broker until `tasks.stopping` is set, then wait for the running ones.

    :raises CommandError: if the worker ended by itself
    """
    app: Celery = import_string(settings.TASKS["default"]["OPTIONS"]["CELERY_APP"])
    # Celery warns about root because of pickled messages; ours are JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    signals.setup_logging.connect(_keep_logging)
    signals.worker_shutting_down.connect(_stop)
    threading.Thread(target=_forward_stop, daemon=True).start()
    worker = app.Worker(
        hostname=f"desk@{name}",
        pool="threads",
        # At least one per account: a delivery may take hours and must not delay another account's.
        concurrency=len(settings.STACKONE_ACCOUNT_IDS) + SPARE_THREADS,
        queues=settings.QUEUES,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    if not tasks.stopping.is_set():
        raise CommandError("The Celery worker ended unexpectedly. See its log for the reason.")


def _keep_logging(**_: object) -> None:
    """Do nothing: a receiver of this signal keeps Celery from replacing our logging."""


def _stop(**_: object) -> None:
    tasks.stopping.set()


def _forward_stop() -> None:
    # The signal may come before Celery listens for it.
    tasks.stopping.wait()
    state.should_stop = EX_OK


ENGINE: Final = Engine(
    run=run,
    check=broker.require_reachable,
    unavailable_errors=(OperationalError, broker.BrokerUnavailable),
    # The broker wakes its workers by itself.
    wake=lambda: None,
    jobs=(),
)
