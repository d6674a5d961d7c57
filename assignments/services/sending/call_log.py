"""Write one line to the application's log for each ended call, with its batch's request id."""

import logging
from collections.abc import Iterable

from assignments.models import Assignment

log = logging.getLogger("assignments.calls")


def log_calls(calls: Iterable[tuple[Assignment, float]]) -> None:
    """Log the calls, each given as its row after the outcome and its duration in seconds."""
    if not log.isEnabledFor(logging.INFO):
        return
    for row, seconds in calls:
        facts = {
            "request_id": row.batch.request_id,
            "batch": row.batch.ref,
            "assignment": f"assignment/{row.pk}",
            "attempt": row.attempt,
            "outcome": str(row.state),
            "status": row.response_status,
            "ms": round(seconds * 1000, 1),
        }
        log.info("A call ended: %s", row.state, extra=facts)
