"""One line of the log for every call to the LMS that ended, under the request that asked for it."""

import logging
from collections.abc import Iterable

from assignments.models import Assignment

log = logging.getLogger("assignments.calls")


def tell(made: Iterable[tuple[Assignment, float]]) -> None:
    """Write down how the calls for the rows ended, and how many seconds each took."""
    if not log.isEnabledFor(logging.INFO):
        return
    for row, seconds in made:
        facts = {
            "request_id": row.batch.request_id,
            "batch": f"batch/{row.batch_id}",
            "assignment": f"assignment/{row.pk}",
            "attempt": row.attempt,
            "outcome": str(row.state),
            "status": row.response_status,
            "ms": round(seconds * 1000, 1),
        }
        log.info("A call ended: %s", row.state, extra=facts)
