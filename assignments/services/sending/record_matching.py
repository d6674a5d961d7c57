"""Deciding whether a record that the LMS holds is the one that our call made; no I/O."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from assignments.stackone.resources import RemoteAssignment

CLOCK_SLACK: Final = timedelta(minutes=2)
DUE_SLACK: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sought:
    """What our call asked for, and since when it can exist."""

    content_reference: str
    content_id: str
    due_at: datetime | None
    since: datetime


def made_by_us(
    held: Iterable[RemoteAssignment], sought: Sought, *, known: Collection[str]
) -> RemoteAssignment | None:
    """Return the record that our call made, or None.

    :param known: ids that the LMS held before the call or that belong to other rows of ours
    Providers shift due dates by hours and clocks differ, so both are compared with slack.
    """
    fitting = [
        record
        for record in held
        if record.id
        and record.id not in known
        and is_same_item(record, sought)
        and _due_fits(record.due_at, sought.due_at)
        and _time_fits(record.assigned_at, sought.since)
    ]
    return min(
        fitting,
        key=lambda record: (record.assigned_at or sought.since, record.id or ""),
        default=None,
    )


def may_be_ours(
    held: Iterable[RemoteAssignment], sought: Sought, *, known: Collection[str]
) -> bool:
    """Tell whether the LMS holds the item by a record that was not there before the call.

    One that `made_by_us` does not find is perhaps another's; but sending again would double it.
    """
    return any(record.id not in known and is_same_item(record, sought) for record in held)


def is_same_item(record: RemoteAssignment, sought: Sought) -> bool:
    """Return whether the record is about the item that was sought."""
    reference = record.learning_object_external_reference
    if reference:
        return reference == sought.content_reference
    return bool(record.learning_object_id) and record.learning_object_id == sought.content_id


def _due_fits(held: datetime | None, sought: datetime | None) -> bool:
    if held is None or sought is None:
        return True
    return abs(held - sought) <= DUE_SLACK


def _time_fits(assigned_at: datetime | None, since: datetime) -> bool:
    return assigned_at is None or assigned_at >= since - CLOCK_SLACK
