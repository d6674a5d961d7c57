"""Forward new log entries to a SIEM: at least once, in order, by one worker at a time.

The cursor moves only after the SIEM has taken a group. A worker that dies in between causes the
group to be sent again; the receiver recognises repetitions by `event.id`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.audit.entries.actors import Actor
from assignments.audit.export.scope import StoredEntry, stored_entry
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.log import Event, record
from assignments.models import LogEntry, LogForwarding, LogHead
from assignments.siem.ecs import event_of
from assignments.siem.events import Undelivered

GROUP: Final = 500
# A destination responds or fails sooner; a worker that holds the cursor for longer is dead.
LEASE: Final = timedelta(minutes=1)
MAX_RUN: Final = timedelta(seconds=30)
FIRST_PAUSE: Final = timedelta(seconds=2)
MAX_PAUSE: Final = timedelta(minutes=5)
logger = logging.getLogger("assignments.siem")


class NoSuchEntry(Exception):
    """The log has no such entry; the message says which it has."""


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
    cursor = _cursor()
    behind = max(0, LogHead.entries() - cursor.next)
    return ForwardingStatus(cursor.next, behind, cursor.sent_at, cursor.problem)


def is_due(*, now: datetime) -> bool:
    """Tell whether a SIEM is set, there are new entries for it, and no worker forwards or waits."""
    if settings.SIEM is None:
        return False
    cursor = _cursor()
    is_free = cursor.not_before is None or cursor.not_before <= now
    return is_free and cursor.next < LogHead.entries()


def forward(*, clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> int:
    """Forward new entries for at most MAX_RUN and return how many the SIEM took."""
    deadline = clock() + MAX_RUN
    destination = settings.SIEM
    if destination is None or (cursor := _claim(clock())) is None:
        return 0
    first = cursor.next
    try:
        while may_go_on() and clock() < deadline and (entries := _entries_from(cursor.next)):
            destination.send([event_of(entry, now=clock()) for entry in entries])
            if not _move(cursor, entries[-1].seq + 1, clock()):
                return cursor.next - first
    except Undelivered as problem:
        _postpone(cursor, str(problem), clock())
    else:
        _unchanged(cursor).update(not_before=None)
    return cursor.next - first


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
    LogForwarding.objects.update_or_create(pk=1, defaults={"next": start, "not_before": None})
    detail = {"first_entry": start}
    record(Event(action="log.forwarding_restarted", subject="log", detail=detail), by=by, at=now)


def _cursor() -> LogForwarding:
    return LogForwarding.objects.first() or LogForwarding()


def _claim(now: datetime) -> LogForwarding | None:
    """Claim the cursor for LEASE and return it; None if another worker has it or a wait lasts."""
    LogForwarding.objects.get_or_create(pk=1)
    free = LogForwarding.objects.filter(Q(not_before=None) | Q(not_before__lte=now))
    return LogForwarding.objects.get() if free.update(not_before=now + LEASE) else None


def _unchanged(cursor: LogForwarding) -> QuerySet[LogForwarding]:
    """Return the stored cursor if it still is what this worker wrote last."""
    return LogForwarding.objects.filter(not_before=cursor.not_before, next=cursor.next)


def _entries_from(seq: int) -> list[StoredEntry]:
    # Groups are appended one after another under a lock, so no smaller number can appear later.
    entries: QuerySet[LogEntry, object] = LogEntry.objects.filter(
        seq__gte=seq, seq__lt=LogHead.entries()
    )
    rows = entries.order_by("seq").values_list("seq", "body", "leaf")[:GROUP]
    return [stored_entry(*row) for row in rows]


def _move(cursor: LogForwarding, following: int, now: datetime) -> bool:
    lease_ends = now + LEASE
    moved = {"next": following, "not_before": lease_ends, "sent_at": now}
    if not _unchanged(cursor).update(**moved, failures=0, problem=""):
        return False
    if cursor.failures:
        logger.info("The audit log is forwarded to %s again.", settings.SIEM)
    cursor.next, cursor.not_before, cursor.failures = following, lease_ends, 0
    return True


def _postpone(cursor: LogForwarding, problem: str, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(cursor.failures, 10), MAX_PAUSE)
    if not cursor.failures:
        logger.warning("The audit log could not be forwarded. %s It is tried again.", problem)
    failed = {"not_before": now + pause, "failures": cursor.failures + 1, "problem": problem[:300]}
    _unchanged(cursor).update(**failed)
