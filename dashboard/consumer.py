"""How a Celery worker waits for a broker that is away."""

import logging
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

log = logging.getLogger(__name__)
RETRY_SECONDS = 2


class PromptConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    """Asks again every two seconds, where Celery's own waits up to thirty, and says so once."""

    def ensure_connected(self, conn: Any) -> Any:
        """Return the connection once it stands; a signal to stop ends the wait."""
        problems: list[str] = []

        def note(problem: Exception, _interval: float) -> None:
            if not problems:
                log.warning("The broker cannot be reached, waiting for it: %s", problem)
            problems.append(str(problem))

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
