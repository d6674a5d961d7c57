"""Verifying the whole log: every entry by itself, their order, and the tree against the head."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Func, Max, TextField

from assignments.audit.actors import Actor
from assignments.audit.bodies import INDEXES
from assignments.audit.checking import Rebuilt, Row
from assignments.audit.log import Event, record
from assignments.audit.tree import Frontier
from assignments.audit.verdicts import HeadMismatch, Verdict, facts
from assignments.models import LogEntry, LogHead, Verification

Progress = Callable[[int], None]
CHUNK: Final = 2_000


def verify_log(*, by: Actor, now: datetime, progress: Progress | None = None) -> Verification:
    """Check the whole log, keep the verdict and record that it was checked.

    The log takes no entry of its own while its head does not fit; the verdict is kept all the same.
    """
    verdict = verdict_on_log(progress)
    with transaction.atomic():
        if not isinstance(verdict, HeadMismatch):
            detail = {"verdict": verdict.sentence, "seq": verdict.seq}
            event = Event(action="log.verified", subject="log", result=verdict.word, detail=detail)
            record(event, by=by, at=now)
        return Verification.objects.create(at=now, by=by.ref, **facts(verdict))


def verdict_on_log(progress: Progress | None = None) -> Verdict:
    """Check the whole log and say what was found; nothing is locked and nothing kept."""
    # Read before the head, because entries may join while this runs.
    longest = LogEntry.objects.aggregate(last=Max("seq"))["last"]
    found = 0 if longest is None else longest + 1
    head = _head()
    if head is None:
        return HeadMismatch(found, None)
    rebuilt = Rebuilt()
    for rows in _chunks(head.size):
        fault = rebuilt.take(rows)
        if fault:
            return fault
        if progress:
            progress(rebuilt.frontier.size)
    size = rebuilt.frontier.size
    if size < head.size or found > head.size:
        return HeadMismatch(size if size < head.size else found, head.size)
    return rebuilt.against(head)


def _head() -> Frontier | None:
    try:
        head = LogHead.objects.get()
        return Frontier.from_bytes(head.size, bytes(head.frontier))
    except (LogHead.DoesNotExist, ValueError):
        return None


def _chunks(size: int) -> Iterator[list[Row]]:
    # The time as the driver gives it: what is no time at all must be named, not fail to be read.
    moment = Func("at", "at", function="COALESCE", output_field=TextField())
    entries = LogEntry.objects.filter(seq__lt=size).order_by("seq")
    rows = entries.annotate(moment=moment).values_list("body", "leaf", "moment", *INDEXES)
    after = -1
    while chunk := list(rows.filter(seq__gt=after)[:CHUNK]):
        yield [_row(*row) for row in chunk]
        after = chunk[-1][3]


def _row(body: object, leaf: object, *columns: Any) -> Row:
    return Row(columns[1], _as_bytes(body), _as_bytes(leaf), columns)


def _as_bytes(value: Any) -> bytes:
    # SQLite keeps text in a column of bytes if somebody puts it there.
    return value.encode() if isinstance(value, str) else bytes(value)
