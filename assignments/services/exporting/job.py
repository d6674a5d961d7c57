"""Writing exports in a worker. The row is the truth: what no worker is at, the next takes up."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from assignments.audit.export.formats import Format, Making, passes, write
from assignments.audit.export.scope import Extent, Population, Sealed, fitting
from assignments.audit.merkle.tiles import MissingHashes
from assignments.audit.merkle.tree import Frontier
from assignments.audit.search.access_records import sought
from assignments.audit.signing.keys import KeyUnavailable, signing_key
from assignments.models import LogExport, LogSeal
from assignments.services.exporting import dossiers, files
from assignments.services.exporting.audit_events import ending, owner_of, query_of, record_act

Clock = Callable[[], datetime]
State = LogExport.State

MOST_TRIES: Final = 3
ABANDONED_AFTER: Final = timedelta(seconds=90)
WOKEN_EVERY: Final = timedelta(seconds=30)
TOLD_EVERY: Final = timedelta(seconds=1)
GAVE_UP: Final = (
    f"It was begun {MOST_TRIES} times, and each time its worker ended in the middle. Tell whoever "
    "runs the desk, then ask again."
)
NOT_WRITTEN: Final = (
    "The file could not be written: {}. Tell whoever runs the desk, then ask again."
)
NOT_PROVEN: Final = "Its proofs could not be worked out: {} Verify the log, then ask again."


class _Interrupted(Exception):
    """The worker was asked to stop, or another one took over."""


def waiting(*, now: datetime) -> QuerySet[LogExport]:
    """Return the exports that no worker is at."""
    abandoned = Q(state=State.WRITING, progressed_at__lt=now - ABANDONED_AFTER)
    return LogExport.objects.filter(Q(state=State.WAITING) | abandoned)


def to_wake(*, now: datetime) -> list[int]:
    """Return for which of them a worker is to be woken; for each only now and then."""
    is_due = Q(progressed_at=F("requested_at")) | Q(progressed_at__lt=now - WOKEN_EVERY)
    due = waiting(now=now).filter(is_due)
    pks = list(due.order_by("pk").values_list("pk", flat=True))
    due.filter(pk__in=pks).update(state=State.WAITING, runner="", progressed_at=now)
    return pks


def go_on(*, export: LogExport, clock: Clock, may_go_on: Callable[[], bool]) -> None:
    """Write an export from its beginning; nothing if another worker is at it.

    What goes wrong ends it with a sentence. One that was interrupted waits for the next worker.
    """
    if not _take(export, clock()):
        return
    try:
        _finish(export, _made(export, clock, may_go_on), clock())
    except _Interrupted:
        _ours(export).update(runner="", state=State.WAITING, tries=F("tries") - 1)
    except OSError as error:
        _fail(export, NOT_WRITTEN.format(error.strerror or error), clock())
    except (MissingHashes, KeyUnavailable) as error:
        _fail(export, NOT_PROVEN.format(error), clock())


def _take(export: LogExport, now: datetime) -> bool:
    """Take the export, unless another worker has it or it ended in the middle too often."""
    taken = {"runner": str(uuid.uuid4()), "state": State.WRITING, "progressed_at": now, "done": 0}
    free = waiting(now=now).filter(pk=export.pk)
    if not free.update(**taken, tries=F("tries") + 1):
        return False
    export.refresh_from_db()
    if export.tries > MOST_TRIES:
        _fail(export, GAVE_UP, now)
        return False
    return True


def _made(export: LogExport, clock: Clock, may_go_on: Callable[[], bool]) -> files.Made:
    watch, population = _Watch(export, clock, may_go_on), _population(export)
    reads = dossiers.PASSES if export.seed else passes(export.format)
    _ours(export).update(work=population.count() * reads)

    def write_to(out: BinaryIO, folder: Path) -> int:
        making = Making(by=owner_of(export), now=clock(), folder=folder, tell=watch.tell)
        if export.seed:
            sample = dossiers.Sample(export.sample or 0, export.seed)
            return dossiers.write_sample(population, sample, out, making)
        return write(cast(Format, export.format), population, out, making)

    return files.make(f"export-{export.pk}-{export.runner}.{ending(export)}", write_to)


def _population(export: LogExport) -> Population:
    tree = Frontier.from_bytes(export.size, bytes(export.frontier))
    seal = None if export.seal is None else LogSeal.objects.get(number=export.seal)
    extent = Extent(tree, Sealed(seal, signing_key()) if seal else None)
    return fitting(query_of(export), extent)


class _Watch:
    """Says how far an export is about every second, and sees whether it may go on."""

    def __init__(self, export: LogExport, clock: Clock, may_go_on: Callable[[], bool]) -> None:
        self._export, self._clock, self._may_go_on = export, clock, may_go_on
        self._done, self._told = 0, clock()

    def tell(self, count: int) -> None:
        """Count so many entries more.

        :raises _Interrupted: if the worker is to stop, or is not the one any more
        """
        self._done += count
        now = self._clock()
        if now - self._told < TOLD_EVERY:
            return
        self._told = now
        is_ours = _ours(self._export).update(done=self._done, progressed_at=now)
        if not is_ours or not self._may_go_on():
            raise _Interrupted


def _ours(export: LogExport) -> QuerySet[LogExport]:
    return LogExport.objects.filter(pk=export.pk, runner=export.runner, state=State.WRITING)


def _finish(export: LogExport, made: files.Made, now: datetime) -> None:
    facts: dict[str, Any] = {"entries": made.entries, "bytes": made.bytes, "sha256": made.sha256}
    with transaction.atomic():
        is_ours = _end(export, State.READY, now, **facts, file=made.name)
        if is_ours:
            people = sought(query_of(export))
            record_act(export, "log.exported", by=owner_of(export), at=now, people=people, **facts)
    if not is_ours:
        files.delete(made.name)


@transaction.atomic
def _fail(export: LogExport, problem: str, now: datetime) -> None:
    if _end(export, State.FAILED, now, problem=problem[:700]):
        record_act(export, "export.failed", by=owner_of(export), at=now, problem=problem)


def _end(export: LogExport, state: LogExport.State, now: datetime, **facts: object) -> int:
    until = now + timedelta(hours=settings.EXPORT_HOURS)
    return _ours(export).update(state=state, ended_at=now, expires_at=until, **facts)
