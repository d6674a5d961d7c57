"""The engine of a worker: what runs queued tasks, beside the schedule."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

DATABASE_ENGINE: Final = "assignments.management.database_queue.ENGINE"
CELERY_ENGINE: Final = "assignments.management.celery_worker.ENGINE"


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to run queued tasks.

    :param run: runs tasks until `tasks.stopping` is set; takes the worker's name
    :param check: raises one of `unavailable_errors` if the queue cannot be reached
    :param unavailable_errors: what enqueueing raises while the queue cannot be reached, in addition
        to the database's errors
    :param wake: lets the queues look for tasks now
    :param jobs: jobs of the schedule for this engine alone, with their intervals
    """

    run: Callable[[str], None]
    check: Callable[[], object]
    unavailable_errors: tuple[type[Exception], ...]
    wake: Callable[[], object]
    jobs: tuple[tuple[Callable[[], object], timedelta], ...]


def selected_engine() -> Engine:
    """Return the engine that the settings select; the other one is not imported."""
    return cast(
        Engine, import_string(CELERY_ENGINE if settings.CELERY_BROKER_URL else DATABASE_ENGINE)
    )
