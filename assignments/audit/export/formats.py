"""Export the log as CSV or XLSX to read, or as JSON Lines or an evidence pack to verify."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Literal

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.export import evidence_pack, jsonl_format
from assignments.audit.export.csv_format import write_csv
from assignments.audit.export.evidence_pack import ExtraFiles
from assignments.audit.export.scope import (
    ExportScope,
    LogExtent,
    Progress,
    seal_if_possible,
    seal_now,
    select_entries,
    with_started_calls,
)
from assignments.audit.export.xlsx_format import write_xlsx
from assignments.audit.log import Event, record
from assignments.audit.search.access_records import search_as_people
from assignments.audit.search.query import Query

Format = Literal["csv", "xlsx", "jsonl", "pack"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "xlsx", "jsonl", "pack")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContext:
    """Who exports and when, the folder for temporary files, and the callback for progress."""

    by: Actor
    now: datetime
    folder: Path
    progress: Progress = lambda _: None


def export_log(
    *,
    query: Query,
    format: Format,  # noqa: A002  the field's own word
    context: ExportContext,
    out: BinaryIO,
) -> int:
    """Seal the log, write the matching entries, oldest first, and record the export.

    Returns how many were written. Nothing is locked meanwhile.

    :raises NotSealed: if the format is a pack and the log cannot be sealed
    """
    by, now = context.by, context.now
    scope = select_for(format, query, seal_for_export(format, by=by, now=now))
    written = write_entries(format, scope, out, context)
    record_export(query=query, format=format, entries=written, by=by, now=now)
    return written


def select_for(format: Format, query: Query, extent: LogExtent) -> ExportScope:  # noqa: A002
    """Return the entries that match a query; for a pack also those that started their calls."""
    scope = select_entries(query, extent)
    return with_started_calls(scope) if format == "pack" else scope


def seal_for_export(format: Format, *, by: Actor, now: datetime) -> LogExtent:  # noqa: A002
    """Seal the log for an export and return its size and tree at that moment.

    A log that cannot be sealed is exported without a seal, except as a pack.

    :raises NotSealed: if it cannot be sealed and the format is a pack
    """
    seal = seal_now if format == "pack" else seal_if_possible
    return seal(by=by, now=now)


def write_entries(
    format: Format,  # noqa: A002  the field's own word
    scope: ExportScope,
    out: BinaryIO,
    context: ExportContext,
    extra: ExtraFiles | None = None,
) -> int:
    """Write the entries, oldest first; return how many. Progress counts every pass over them."""
    progress, now, folder = context.progress, context.now, context.folder
    if format == "csv":
        return write_csv(scope, out, progress=progress)
    if format == "xlsx":
        return write_xlsx(scope, out, folder=folder, progress=progress)
    if format == "jsonl":
        return jsonl_format.write_jsonl(scope, out, now=now, progress=progress)
    return evidence_pack.write_pack(
        scope,
        out,
        by=context.by,
        now=now,
        folder=folder,
        progress=progress,
        extra=extra or ExtraFiles(),
    )


def count_passes(format: str) -> int:  # noqa: A002
    """Return how often a format reads the entries."""
    return evidence_pack.PASSES if format == "pack" else 1


@transaction.atomic
def record_export(
    *,
    query: Query,
    format: str,  # noqa: A002
    entries: int,
    by: Actor,
    now: datetime,
    **detail: object,
) -> None:
    """Record in the log that entries were exported."""
    event = Event(
        action="log.exported",
        subject="log",
        result=format,
        people=search_as_people(query),
        detail={"entries": entries, "search": query.redacted(), **detail},
    )
    record(event, by=by, at=now)
