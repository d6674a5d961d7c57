"""Share busy accounts between workers: a worker that sends already lets others go first."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from assignments.queries.connection_status import has_several_workers

# An idle worker finds the account within half a second, and its sender starts within another one.
HEAD_START_SECONDS: Final = 1.5
SLEEP_SECONDS: Final = 0.1
_lock = threading.Lock()
_deliveries = 0


@contextmanager
def delivery(*, now: datetime, may_go_on: Callable[[], bool]) -> Iterator[None]:
    """Count a delivery of this worker, which begins after a head start for workers with fewer."""
    global _deliveries  # noqa: PLW0603  the one count of this process
    with _lock:
        others = _deliveries
        _deliveries += 1
    try:
        if others and has_several_workers(now=now):
            _sleep(others * HEAD_START_SECONDS, may_go_on)
        yield
    finally:
        with _lock:
            _deliveries -= 1


def _sleep(seconds: float, may_go_on: Callable[[], bool]) -> None:
    ends_monotonic = time.monotonic() + seconds
    while may_go_on() and time.monotonic() < ends_monotonic:
        time.sleep(SLEEP_SECONDS)
