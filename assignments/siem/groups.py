"""Groups of events that are sent together, bounded in number and bytes."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from assignments.audit.export.scope import StoredEntry, stored_entry
from assignments.audit.log import Event as LogEvent
from assignments.audit.seals.sealing import FORWARDED
from assignments.models import LogEntry, LogHead
from assignments.siem.ecs import event_of
from assignments.siem.events import Event

MAX_EVENTS: Final = 500
# Below the 1 MiB from which nginx refuses a request unless configured otherwise.
MAX_BYTES: Final = 1_000_000
# A destination that refuses less than this as too large accepts nothing: no entry is passed over.
ALWAYS_ACCEPTED_BYTES: Final = 4_096


def limit_after(failures: int) -> int:
    """Return how many events to send at once, half as many after each failure in a row.

    A receiver that closes the connection when a request is too large gives no other sign.
    """
    return max(1, MAX_EVENTS >> min(failures, 10))


def has_new_entries(start: int) -> bool:
    """Tell whether there are entries from `start` on other than those about forwarding itself."""
    entries = LogEntry.objects.filter(seq__gte=start, seq__lt=LogHead.entries())
    return entries.exclude(action=FORWARDED).exists()


def next_group(
    start: int, limit: int, *, clock: Callable[[], datetime]
) -> tuple[list[Event], list[StoredEntry]]:
    """Return the next events with their entries: at most `limit`, together at most MAX_BYTES.

    A larger event is in a group of its own.
    """
    events: list[Event] = []
    entries, size = _entries_from(start, limit), 0
    for entry in entries:
        event = event_of(entry, now=clock())
        size += len(event.json)
        if events and size > MAX_BYTES:
            break
        events.append(event)
    return events, entries[: len(events)]


def passed_over(entry: StoredEntry, event: Event) -> LogEvent:
    """Return what to record of an entry that the destination refuses as too large."""
    detail = {"entry": entry.seq, "bytes": len(event.json)}
    return LogEvent(
        action="entry.not_forwarded",
        subject=f"entry/{entry.seq}",
        result="too large",
        detail=detail,
    )


def _entries_from(seq: int, limit: int) -> list[StoredEntry]:
    # Groups are appended one after another under a lock, so no smaller number can appear later.
    entries: QuerySet[LogEntry, object] = LogEntry.objects.filter(
        seq__gte=seq, seq__lt=LogHead.entries()
    )
    rows = entries.order_by("seq").values_list("seq", "body", "leaf")[:limit]
    return [stored_entry(*row) for row in rows]
