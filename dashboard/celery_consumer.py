"""Celery consumer that reconnects to the broker and reacts to stop signals promptly."""

import logging
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

log = logging.getLogger("dashboard.worker")
RETRY_SECONDS = 2
STOP_CHECK_SECONDS = 1.0


class PromptConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Celery's consumer with shorter waits.

    It retries a broker that cannot be reached every two seconds (Celery: up to 30) and logs that
    once. Without messages it checks for a stop signal every second (Celery: up to 10).
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Start the timer that checks for a stop signal."""
        super().__init__(*args, **kwargs)
        self.timer.call_repeatedly(STOP_CHECK_SECONDS, maybe_shutdown)

    def ensure_connected(self, conn: Any) -> Any:  # kombu has no types
        """Wait for the broker and return the connection; a stop signal ends the wait."""
        problems: list[Exception] = []

        def log_first(problem: Exception, _interval: float) -> None:
            if not problems:
                log.warning("The broker cannot be reached, waiting for it: %s", problem)
            problems.append(problem)

        connected = conn.ensure_connection(
            log_first,
            interval_start=RETRY_SECONDS,
            interval_step=0,
            interval_max=RETRY_SECONDS,
            callback=maybe_shutdown,
        )
        if problems:
            log.warning("The broker can be reached again.")
        return connected
