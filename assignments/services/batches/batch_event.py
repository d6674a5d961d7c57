"""The log entry about a whole batch; that of a row is in `row_changes`."""

from collections.abc import Mapping

from assignments.audit.entries.actors import Person
from assignments.audit.log import Event
from assignments.models import Batch


def batch_event(
    batch: Batch,
    action: str,
    result: str,
    detail: Mapping[str, object],
    *,
    people: tuple[Person, ...] = (),
) -> Event:
    """Return the entry of what a person did to a batch, or of what was noticed about it."""
    return Event(
        action=action,
        subject=batch.ref,
        batch=batch.ref,
        account=batch.account.remote_id,
        result=result,
        people=people,
        detail=detail,
    )
