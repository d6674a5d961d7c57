"""Decide whether a record that the LMS holds is the one that our call made; no I/O."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assignments.stackone.resources import RemoteAssignment

CLOCK_TOLERANCE: Final = timedelta(minutes=2)
DUE_TOLERANCE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """What our call asked the LMS to create, and the earliest time at which it can exist (UTC).

    :ivar assigned_at: the time of assignment that the request had, if it had one: some LMSs return
        it as the time at which they created the record
    """

    content_reference: str
    content_id: str
    due_at: datetime | None
    since: datetime
    assigned_at: datetime | None = None


def record_of_call(
    records: Iterable[RemoteAssignment], sought: Sought, *, foreign: Collection[str]
) -> RemoteAssignment | None:
    """Return the record that our call made, or None.

    Providers shift due dates by hours and clocks differ, so both are compared with a tolerance.

    :param foreign: ids of records from before the call or that belong to other rows
    """
    matching = [
        record
        for record in records
        if record.id
        and record.id not in foreign
        and is_same_item(record, sought)
        and _is_due_alike(record.due_at, sought.due_at)
        and _is_new_enough(record.assigned_at, sought)
    ]
    return min(
        matching,
        key=lambda record: (record.assigned_at or sought.since, record.id or ""),
        default=None,
    )


def may_be_ours(
    records: Iterable[RemoteAssignment], sought: Sought, *, foreign: Collection[str]
) -> bool:
    """Return whether the LMS holds the item by a record that was not there before the call.

    If `record_of_call` does not match it, somebody else may have made it; but sending again could
    create a duplicate.
    """
    return any(record.id not in foreign and is_same_item(record, sought) for record in records)


def is_same_item(record: RemoteAssignment, sought: Sought) -> bool:
    """Return whether the record is about the item that was sought."""
    reference = record.learning_object_external_reference
    if reference:
        return reference == sought.content_reference
    return record.learning_object_id == sought.content_id


def _is_due_alike(due_at: datetime | None, sought: datetime | None) -> bool:
    if due_at is None or sought is None:
        return True
    return abs(due_at - sought) <= DUE_TOLERANCE


def _is_new_enough(assigned_at: datetime | None, sought: Sought) -> bool:
    if assigned_at is None or assigned_at >= sought.since - CLOCK_TOLERANCE:
        return True
    requested = sought.assigned_at
    return requested is not None and abs(assigned_at - requested) <= DUE_TOLERANCE
