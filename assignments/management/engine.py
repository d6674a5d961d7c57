"""What a worker is made of: an engine that runs queued tasks, and the schedule beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from django.conf import settings
from django.utils.module_loading import import_string

EMBEDDED: Final = "assignments.management.database_queue.ENGINE"
SCALED_OUT: Final = "assignments.management.celery_worker.ENGINE"


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to run queued tasks.

    :param run: runs tasks until `tasks.stopping` is set; is told the worker's name
    :param check: raises one of `away` if the queue cannot be reached
    :param away: what enqueueing raises, beside the database's errors, while the queue is away
    :param chores: what the schedule does for this engine alone, and how often
    """

    run: Callable[[str], None]
    check: Callable[[], object]
    away: tuple[type[Exception], ...]
    chores: tuple[tuple[Callable[[], object], timedelta], ...]


def chosen() -> Engine:
    """Return the engine that the settings name; the other one is not even loaded."""
    return cast(Engine, import_string(SCALED_OUT if settings.CELERY_BROKER_URL else EMBEDDED))
