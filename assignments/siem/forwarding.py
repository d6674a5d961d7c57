"""Handing new entries on: each at least once, in their order, by one worker at a time.

The row says how far it went. It moves on only after a group was taken, so that a worker that dies
in between has the group sent again; the receiver tells a repetition by `event.id`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.audit.entries.actors import Actor
from assignments.audit.export.scope import Stored, stored
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.log import Event, record
from assignments.models import LogEntry, LogForwarding, LogHead
from assignments.siem.ecs import event_of
from assignments.siem.sending import Undelivered

GROUP: Final = 500
# A place answers sooner or fails; whoever is at it for a minute is dead.
TURN: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(seconds=30)
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=5)
log = logging.getLogger("assignments.siem")


class NotThere(Exception):
    """The log has no such entry; the message says which it has."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it went; `problem` is why it does not go on, if it does not."""

    next: int
    behind: int
    sent_at: datetime | None
    problem: str

    @property
    def is_failing(self) -> bool:
        """Whether the place did not take what was sent last."""
        return bool(self.problem)


def standing() -> Standing:
    """Return how far the log was handed on."""
    row = _row()
    return Standing(row.next, max(0, LogHead.entries() - row.next), row.sent_at, row.problem)


def is_due(*, now: datetime) -> bool:
    """Tell whether there is something new, a place for it, and nobody at it."""
    if settings.SIEM is None:
        return False
    row = _row()
    return row.next < LogHead.entries() and (row.until is None or row.until <= now)


def forward(*, clock: Callable[[], datetime], may_go_on: Callable[[], bool]) -> int:
    """Hand on what is new, for half a minute at most, and return how many entries were taken."""
    begun = clock()
    place = settings.SIEM
    if place is None or (turn := _turn(begun)) is None:
        return 0
    first = turn.next
    try:
        while may_go_on() and clock() - begun < LONGEST and (entries := _entries_from(turn.next)):
            place.send([event_of(entry, now=clock()) for entry in entries])
            if not _move(turn, entries[-1].seq + 1, clock()):
                return turn.next - first
    except Undelivered as problem:
        _put_off(turn, str(problem), clock())
    else:
        _held(turn).update(until=None)
    return turn.next - first


@transaction.atomic
def send_again(*, start: int, by: Actor, now: datetime) -> None:
    """Have every entry from `start` on sent again; itself an entry.

    :raises NotThere: if the log has no such entry
    """
    first, size = pruned().size, LogHead.entries()
    if not first <= start < size:
        raise NotThere(
            f"The log has no entry {start:,}. Its entries are {first:,} to {size - 1:,}."
        )
    LogForwarding.objects.update_or_create(pk=1, defaults={"next": start, "until": None})
    detail = {"from": start}
    record(Event(action="log.forwarding_restarted", subject="log", detail=detail), by=by, at=now)


def _row() -> LogForwarding:
    return LogForwarding.objects.first() or LogForwarding()


def _turn(now: datetime) -> LogForwarding | None:
    """Return the row to whoever is at it from now on; None if somebody is."""
    LogForwarding.objects.get_or_create(pk=1)
    return LogForwarding.objects.get() if _free(now).update(until=now + TURN) else None


def _free(now: datetime) -> QuerySet[LogForwarding]:
    return LogForwarding.objects.filter(Q(until=None) | Q(until__lte=now))


def _held(turn: LogForwarding) -> QuerySet[LogForwarding]:
    return LogForwarding.objects.filter(until=turn.until, next=turn.next)


def _entries_from(seq: int) -> list[Stored]:
    # One group joins the log after the other, so no smaller number can come later.
    found: QuerySet[LogEntry, Any] = LogEntry.objects.filter(
        seq__gte=seq, seq__lt=LogHead.entries()
    )
    rows = found.order_by("seq").values_list("seq", "body", "leaf")[:GROUP]
    return [stored(*row) for row in rows]


def _move(turn: LogForwarding, following: int, now: datetime) -> bool:
    until = now + TURN
    moved = {"next": following, "until": until, "failures": 0, "problem": "", "sent_at": now}
    if not _held(turn).update(**moved):
        return False
    if turn.failures:
        log.info("The audit log is handed on to %s again.", settings.SIEM)
    turn.next, turn.until, turn.failures = following, until, 0
    return True


def _put_off(turn: LogForwarding, problem: str, now: datetime) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(turn.failures, 10), LONGEST_PAUSE)
    if not turn.failures:
        log.warning("The audit log waits to be handed on. %s It is tried again.", problem)
    failed = {"until": now + pause, "failures": turn.failures + 1, "problem": problem[:300]}
    _held(turn).update(**failed)
