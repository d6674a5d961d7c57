"""Write a requested export in a worker; another worker restarts it if that one dies."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from assignments.audit.export.formats import (
    ExportContext,
    Format,
    count_passes,
    select_for,
    write_entries,
)
from assignments.audit.export.scope import ExportScope, LogExtent, Sealed, select_entries
from assignments.audit.merkle.tiles import MissingHashes
from assignments.audit.merkle.tree import Frontier
from assignments.audit.search.access_records import search_as_people
from assignments.audit.signing.keys import KeyUnavailable, signing_key
from assignments.models import LogExport, LogSeal
from assignments.services.exporting import dossiers, files
from assignments.services.exporting.audit_events import (
    file_extension,
    owner_actor,
    parse_search,
    record_export_event,
)

Clock = Callable[[], datetime]
State = LogExport.State

MAX_ATTEMPTS: Final = 3
ABANDONED_AFTER: Final = timedelta(seconds=90)
WAKE_INTERVAL: Final = timedelta(seconds=30)
PROGRESS_INTERVAL: Final = timedelta(seconds=1)
GAVE_UP: Final = (
    f"The worker stopped unexpectedly in each of {MAX_ATTEMPTS} attempts. Tell whoever runs this "
    "site, then request the export again."
)
NOT_WRITTEN: Final = (
    "The file could not be written: {}. Tell whoever runs this site, then request the export again."
)
NOT_PROVEN: Final = (
    "The proofs could not be computed: {} Verify the log, then request the export again."
)


class _Interrupted(Exception):
    """The worker has to stop, or another worker has taken over the export."""


def waiting_exports(*, now: datetime) -> QuerySet[LogExport]:
    """Return the exports that no worker is writing, abandoned ones included."""
    abandoned = Q(state=State.WRITING, progressed_at__lt=now - ABANDONED_AFTER)
    return LogExport.objects.filter(Q(state=State.WAITING) | abandoned)


def select_exports_to_wake(*, now: datetime) -> list[int]:
    """Return the ids of exports that need a worker, each at most once per WAKE_INTERVAL."""
    is_due = Q(progressed_at=F("requested_at")) | Q(progressed_at__lt=now - WAKE_INTERVAL)
    due = waiting_exports(now=now).filter(is_due)
    pks = list(due.order_by("pk").values_list("pk", flat=True))
    due.filter(pk__in=pks).update(state=State.WAITING, worker="", progressed_at=now)
    return pks


def write_export(*, export: LogExport, clock: Clock, may_go_on: Callable[[], bool]) -> None:
    """Write an export from its beginning, unless another worker is writing it.

    An error ends it with a sentence for its owner; an interruption leaves it to the next worker.
    """
    if not _take(export, clock()):
        return
    try:
        _finish(export, _write_file(export, clock, may_go_on), clock())
    except _Interrupted:
        _if_still_mine(export).update(worker="", state=State.WAITING, attempts=F("attempts") - 1)
    except OSError as error:
        _fail(export, NOT_WRITTEN.format(error.strerror or error), clock())
    except (MissingHashes, KeyUnavailable) as error:
        _fail(export, NOT_PROVEN.format(error), clock())


def _take(export: LogExport, now: datetime) -> bool:
    """Take the export, unless another worker has it or its attempts are used up."""
    values = {
        "worker": str(uuid.uuid4()),
        "state": State.WRITING,
        "progressed_at": now,
        "entries_written": 0,
    }
    free = waiting_exports(now=now).filter(pk=export.pk)
    if not free.update(**values, attempts=F("attempts") + 1):
        return False
    export.refresh_from_db()
    if export.attempts > MAX_ATTEMPTS:
        _fail(export, GAVE_UP, now)
        return False
    return True


def _write_file(
    export: LogExport, clock: Clock, may_go_on: Callable[[], bool]
) -> files.WrittenFile:
    progress, scope = _Progress(export, clock, may_go_on), _rebuild_scope(export)
    passes = dossiers.PASSES if export.seed else count_passes(export.format)
    _if_still_mine(export).update(entries_to_write=scope.count() * passes)

    def write_to(out: BinaryIO, folder: Path) -> int:
        by = owner_actor(export)
        context = ExportContext(by=by, now=clock(), folder=folder, progress=progress.add)
        if export.seed:
            sample = dossiers.Sample(export.sample_size or 0, export.seed)
            return dossiers.write_sample(scope, sample, out, context)
        return write_entries(cast(Format, export.format), scope, out, context)

    name = f"export-{export.pk}-{export.worker}.{file_extension(export)}"
    return files.write_file(name, write_to)


def _rebuild_scope(export: LogExport) -> ExportScope:
    """Return the scope that was requested: the log up to its size at the request."""
    tree = Frontier.from_bytes(export.log_size, bytes(export.frontier))
    number = export.seal_number
    seal = None if number is None else LogSeal.objects.get(number=number)
    extent = LogExtent(tree, Sealed(seal, signing_key()) if seal else None)
    if export.seed:
        return select_entries(parse_search(export), extent)
    return select_for(cast(Format, export.format), parse_search(export), extent)


class _Progress:
    """Saves the progress of an export every second, and stops it if the worker has to stop."""

    def __init__(self, export: LogExport, clock: Clock, may_go_on: Callable[[], bool]) -> None:
        self._export, self._clock, self._may_go_on = export, clock, may_go_on
        self._entries, self._saved_at = 0, clock()

    def add(self, count: int) -> None:
        """Add to the number of entries written.

        :raises _Interrupted: if the worker has to stop, or has lost the export to another
        """
        self._entries += count
        now = self._clock()
        if now - self._saved_at < PROGRESS_INTERVAL:
            return
        self._saved_at = now
        values = {"entries_written": self._entries, "progressed_at": now}
        is_mine = _if_still_mine(self._export).update(**values)
        if not is_mine or not self._may_go_on():
            raise _Interrupted


def _if_still_mine(export: LogExport) -> QuerySet[LogExport]:
    """Return the export as a queryset, empty if another worker has taken it."""
    return LogExport.objects.filter(pk=export.pk, worker=export.worker, state=State.WRITING)


def _finish(export: LogExport, file: files.WrittenFile, now: datetime) -> None:
    facts: dict[str, object] = {"entries": file.entries, "sha256": file.sha256}
    with transaction.atomic():
        values = {**facts, "file_name": file.name, "file_bytes": file.bytes}
        has_ended = _end(export, State.READY, now, **values)
        if has_ended:
            people, by = search_as_people(parse_search(export)), owner_actor(export)
            detail = {**facts, "bytes": file.bytes}
            record_export_event(export, "log.exported", by=by, at=now, people=people, **detail)
    if not has_ended:
        files.delete(file.name)


@transaction.atomic
def _fail(export: LogExport, problem: str, now: datetime) -> None:
    if _end(export, State.FAILED, now, problem=problem[:700]):
        by = owner_actor(export)
        record_export_event(export, "export.failed", by=by, at=now, problem=problem)


def _end(export: LogExport, state: LogExport.State, now: datetime, **values: object) -> int:
    """Save how the export ended; return 0 if another worker has taken it."""
    until = now + timedelta(hours=settings.EXPORT_HOURS)
    return _if_still_mine(export).update(state=state, ended_at=now, expires_at=until, **values)
