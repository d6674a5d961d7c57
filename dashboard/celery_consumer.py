"""How a Celery worker waits: for a broker that is away, and for messages."""

import logging
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

log = logging.getLogger("dashboard.worker")
RETRY_SECONDS = 2
LOOK_UP_SECONDS = 1.0


class PromptConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Asks an absent broker every two seconds, where Celery waits up to thirty, and says so once.

    While a broker has nothing to say, Celery would hear of the signal to stop up to ten seconds
    late; this one looks up every second.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what Celery gives."""
        super().__init__(*args, **kwargs)
        self.timer.call_repeatedly(LOOK_UP_SECONDS, maybe_shutdown)

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it stands; a signal to stop ends the wait."""
        problems: list[Exception] = []

        def note(problem: Exception, _interval: float) -> None:
            if not problems:
                log.warning("The broker cannot be reached, waiting for it: %s", problem)
            problems.append(problem)

        connected = conn.ensure_connection(
            note,
            interval_start=RETRY_SECONDS,
            interval_step=0,
            interval_max=RETRY_SECONDS,
            callback=maybe_shutdown,
        )
        if problems:
            log.warning("The broker is back.")
        return connected
