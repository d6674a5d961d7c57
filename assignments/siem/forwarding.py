"""Forward new log entries to a SIEM: at least once, in order, by one worker at a time.

The cursor moves only after the SIEM has taken a group. A worker that dies in between causes the
group to be sent again; the receiver recognises repetitions by `event.id`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.log import Event, record
from assignments.models import LogForwarding, LogHead
from assignments.siem import cursor, groups
from assignments.siem.destinations import Destination
from assignments.siem.events import TooLarge, Undelivered

MAX_RUN: Final = timedelta(seconds=30)


class NoSuchEntry(Exception):
    """The log has no such entry; the message says which it has."""


class _Overtaken(Exception):
    """Another worker has the cursor, or somebody edited its row."""


@dataclass(frozen=True, slots=True)
class ForwardingStatus:
    """How far the log is forwarded; `problem` is why it does not continue, if it does not."""

    next: int
    behind: int
    sent_at: datetime | None
    problem: str

    @property
    def is_failing(self) -> bool:
        """Whether the SIEM did not take what was sent last."""
        return bool(self.problem)


def status() -> ForwardingStatus:
    """Return how far the log is forwarded."""
    row = cursor.stored()
    behind = LogHead.entries() - row.next if groups.has_new_entries(row.next) else 0
    return ForwardingStatus(row.next, behind, row.sent_at, row.problem)


def is_due(*, now: datetime) -> bool:
    """Tell whether a SIEM is set, there are new entries for it, and no worker forwards or waits."""
    if settings.SIEM is None:
        return False
    row = cursor.stored()
    return cursor.is_free(row, now) and groups.has_new_entries(row.next)


def forward(*, clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> int:
    """Forward new entries for at most MAX_RUN and return how many the SIEM took."""
    deadline = clock() + MAX_RUN
    destination = settings.SIEM
    if destination is None or (claimed := cursor.claim(clock())) is None:
        return 0
    first, limit = claimed.next, groups.limit_after(claimed.failures)
    try:
        while may_go_on() and clock() < deadline and groups.has_new_entries(claimed.next):
            limit = _forward_group(destination, claimed, limit, clock)
    except Undelivered as problem:
        cursor.postpone(claimed, str(problem), clock())
    except _Overtaken:
        pass
    else:
        cursor.unchanged(claimed).update(not_before=None)
    return claimed.next - first


@transaction.atomic
def restart_at(*, start: int, by: Actor, now: datetime) -> None:
    """Set the cursor back, so that every entry from `start` on is sent again, and record that.

    :raises NoSuchEntry: if the log has no such entry
    """
    first, size = pruned().size, LogHead.entries()
    if not first <= start < size:
        raise NoSuchEntry(
            f"The log has no entry {start:,}. Its entries are {first:,} to {size - 1:,}."
        )
    event = Event(action=cursor.RESTARTED, subject="log", detail={"first_entry": start})
    cursor.restart(start, record(event, by=by, at=now))


def _forward_group(
    destination: Destination, claimed: LogForwarding, limit: int, clock: Callable[[], datetime]
) -> int:
    """Send the next group and move the cursor; return how many events may be sent at once next.

    :raises Undelivered: if the SIEM did not take it
    """
    events, entries = groups.next_group(claimed.next, limit, clock=clock)
    event_of_refusal = None
    try:
        destination.send(events)
    except TooLarge:
        if len(events) > 1:
            return len(events) // 2
        if len(events[0].json) <= groups.ALWAYS_ACCEPTED_BYTES:
            raise
        event_of_refusal = groups.passed_over(entries[0], events[0])
        limit = groups.MAX_EVENTS
    if not cursor.move(claimed, entries[-1].seq + 1, clock(), passed_over=event_of_refusal):
        raise _Overtaken
    return limit
