"""The forwarding cursor, held against entries of the log so that editing its row hides nothing.

Entries of the log say how far forwarding was. Between them the cursor's row counts, if it carries
the signature of a key outside the database (SECRET_KEY) over its position and the newest of these
entries. Any other row is replaced by what that entry says: what is in doubt is sent again.
"""

import logging
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import orjson
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Q, QuerySet

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.entries.canonical import UNREADABLE
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.integrity.reader import as_bytes
from assignments.audit.log import Event, record
from assignments.audit.seals.sealing import FORWARDED
from assignments.models import LogEntry, LogForwarding, LogHead

RESTARTED: Final = "log.forwarding_restarted"
# An entry says how far forwarding is after that time or that many entries.
RECORD_INTERVAL: Final = timedelta(hours=1)
RECORD_ENTRIES: Final = 10_000
# A destination responds or fails sooner; a worker that holds the cursor for longer is dead.
LEASE: Final = timedelta(minutes=1)
FIRST_PAUSE: Final = timedelta(seconds=2)
MAX_PAUSE: Final = timedelta(minutes=5)
logger = logging.getLogger("assignments.siem")


class Progress(NamedTuple):
    """What the newest entry about forwarding says: every entry before `next` was forwarded.

    `seq` is the number of that entry and `at` its time; both are None if there is none.
    """

    seq: int | None
    next: int
    at: datetime | None


def stored() -> LogForwarding:
    """Return the cursor, its position corrected if its row is not as this product wrote it."""
    cursor, progress = LogForwarding.objects.first() or LogForwarding(), recorded_progress()
    if not _is_trusted(cursor, progress):
        cursor.next = progress.next
    return cursor


def is_free(cursor: LogForwarding, now: datetime) -> bool:
    """Tell whether no worker holds the cursor and no wait after a failure lasts."""
    wait = cursor.not_before
    return wait is None or not now < wait <= now + MAX_PAUSE


@transaction.atomic
def claim(now: datetime) -> LogForwarding | None:
    """Claim the cursor for LEASE and return it; None if another worker has it or a wait lasts."""
    LogForwarding.objects.get_or_create(pk=1)
    # Nobody waits longer than MAX_PAUSE: a later time was not written by this product's clock.
    is_over = Q(not_before=None) | Q(not_before__lte=now) | Q(not_before__gt=now + MAX_PAUSE)
    if not LogForwarding.objects.filter(is_over).update(not_before=now + LEASE):
        return None
    cursor, progress = LogForwarding.objects.get(), recorded_progress()
    if not _is_trusted(cursor, progress):
        if progress.seq is not None:
            logger.error("The cursor of forwarding was edited: entries are forwarded again.")
            progress = _record_restart(progress.next, now)
        _set_position(cursor, progress.next, progress)
        cursor.save(update_fields=["next", "signature"])
    return cursor


@transaction.atomic
def move(
    cursor: LogForwarding, following: int, now: datetime, *, passed_over: Event | None = None
) -> bool:
    """Move a claimed cursor and record that if it is time; return whether it was still claimed.

    :param passed_over: records the entry that was not forwarded, if the cursor moves over one
    """
    if not unchanged(cursor).update(not_before=now + LEASE):
        return False
    progress = recorded_progress()
    if passed_over:
        record(passed_over, by=SYSTEM, at=now)
    if _is_record_due(progress, following, now):
        progress = _record_progress(progress, following, now)
    if cursor.failures:
        logger.info("The audit log is forwarded to %s again.", settings.SIEM)
    _set_position(cursor, following, progress)
    cursor.not_before, cursor.sent_at = now + LEASE, now
    cursor.failures, cursor.problem = 0, ""
    cursor.save()
    return True


def restart(start: int, event_number: int) -> None:
    """Set the cursor to an entry, as the entry with that number has recorded."""
    cursor = LogForwarding.objects.first() or LogForwarding()
    _set_position(cursor, start, Progress(event_number, start, None))
    cursor.not_before = None
    cursor.save()


def postpone(cursor: LogForwarding, problem: str, now: datetime) -> None:
    """Let the next attempt wait, twice as long after each failure in a row."""
    pause = min(FIRST_PAUSE * 2 ** min(cursor.failures, 10), MAX_PAUSE)
    if not cursor.failures:
        logger.warning("The audit log could not be forwarded. %s It is tried again.", problem)
    failed = {"not_before": now + pause, "failures": cursor.failures + 1, "problem": problem[:300]}
    unchanged(cursor).update(**failed)


def unchanged(cursor: LogForwarding) -> QuerySet[LogForwarding]:
    """Return the stored cursor if it still is what this worker wrote last."""
    return LogForwarding.objects.filter(not_before=cursor.not_before, next=cursor.next)


def recorded_progress() -> Progress:
    """Return what the newest entry about forwarding says; without one, the first entry is next."""
    newest = [
        LogEntry.objects.filter(action=action).order_by("-seq").values_list("seq", "body").first()
        for action in (FORWARDED, RESTARTED)
    ]
    seq, body = max((row for row in newest if row), default=(None, b""), key=lambda row: row[0])
    if seq is None:
        return Progress(None, pruned().size, None)
    try:
        entry = orjson.loads(as_bytes(body))
        position = entry["detail"]["next_entry" if entry["action"] == FORWARDED else "first_entry"]
        return Progress(seq, int(position), datetime.fromisoformat(entry["at"]))
    except UNREADABLE:
        return Progress(seq, pruned().size, None)


def _is_trusted(cursor: LogForwarding, progress: Progress) -> bool:
    if cursor.next > LogHead.entries():
        return False
    try:
        _signer().unsign(f"{_signed_text(cursor.next, progress)}:{cursor.signature}")
    except BadSignature:
        return False
    return True


def _signer() -> Signer:
    return Signer(salt="assignments.siem.cursor")


def _set_position(cursor: LogForwarding, position: int, progress: Progress) -> None:
    cursor.next = position
    cursor.signature = _signer().signature(_signed_text(position, progress))


def _signed_text(position: int, progress: Progress) -> str:
    return f"{position} after entry {progress.seq}"


def _is_record_due(progress: Progress, following: int, now: datetime) -> bool:
    # The clock may have been set forward or back since.
    is_old = progress.at is None or abs(now - progress.at) >= RECORD_INTERVAL
    return is_old or following - progress.next >= RECORD_ENTRIES


def _record_progress(progress: Progress, following: int, now: datetime) -> Progress:
    count = max(0, following - progress.next)
    detail = {"first_entry": progress.next, "next_entry": following, "entries": count}
    seq = record(Event(action=FORWARDED, subject="log", detail=detail), by=SYSTEM, at=now)
    return Progress(seq, following, now)


def _record_restart(start: int, now: datetime) -> Progress:
    event = Event(
        action=RESTARTED, subject="log", result="cursor edited", detail={"first_entry": start}
    )
    return Progress(record(event, by=SYSTEM, at=now), start, now)
