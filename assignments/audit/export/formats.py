"""Handing the log out: for reading as CSV or XLSX, for verifying as JSON lines or a pack."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Literal

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.export import evidence_pack, jsonl_format
from assignments.audit.export.csv_format import write_csv
from assignments.audit.export.evidence_pack import More
from assignments.audit.export.scope import (
    Extent,
    Population,
    Tell,
    fitting,
    seal_if_possible,
    seal_now,
)
from assignments.audit.export.xlsx_format import write_xlsx
from assignments.audit.log import Event, record
from assignments.audit.search.access_records import sought
from assignments.audit.search.query import Query

Format = Literal["csv", "xlsx", "jsonl", "pack"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "xlsx", "jsonl", "pack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Who has something written, when, in which folder, and who is told how far it is."""

    by: Actor
    now: datetime
    folder: Path
    tell: Tell = lambda _: None


def export_log(
    *,
    query: Query,
    format: Format,  # noqa: A002  the word that people know it by
    making: Making,
    out: BinaryIO,
) -> int:
    """Seal the log, write the entries that fit, oldest first, and record that they were handed out.

    Returns how many were written; nothing is locked while that goes on.

    :raises NotSealed: if a pack is asked for and the log cannot be sealed
    """
    by, now = making.by, making.now
    written = write(format, fitting(query, extent_for(format, by=by, now=now)), out, making)
    record_export(query=query, form=format, entries=written, by=by, now=now)
    return written


def extent_for(format: Format, *, by: Actor, now: datetime) -> Extent:  # noqa: A002
    """Seal the log for an export and return how far it goes.

    A log that cannot be sealed is handed out all the same, with nothing that vouches for it.

    :raises NotSealed: if it cannot be sealed and a pack is asked for, which is nothing without
    """
    seal = seal_now if format == "pack" else seal_if_possible
    return seal(by=by, now=now)


def write(
    format: Format,  # noqa: A002  the word that people know it by
    population: Population,
    out: BinaryIO,
    making: Making,
    more: More | None = None,
) -> int:
    """Write the entries, oldest first; return how many. What is told counts each pass anew."""
    tell, now, folder = making.tell, making.now, making.folder
    if format == "csv":
        return write_csv(population, out, tell=tell)
    if format == "xlsx":
        return write_xlsx(population, out, folder=folder, tell=tell)
    if format == "jsonl":
        return jsonl_format.write(population, out, now=now, tell=tell)
    more = more or More()
    return evidence_pack.write_pack(
        population, out, by=making.by, now=now, folder=folder, tell=tell, more=more
    )


def passes(format: str) -> int:  # noqa: A002
    """Return how often a format has the entries read."""
    return evidence_pack.PASSES if format == "pack" else 1


@transaction.atomic
def record_export(
    *, query: Query, form: str, entries: int, by: Actor, now: datetime, **more: object
) -> None:
    """Record that so many entries were handed out."""
    event = Event(
        action="log.exported",
        subject="log",
        result=form,
        people=sought(query),
        detail={"entries": entries, "search": query.masked(), **more},
    )
    record(event, by=by, at=now)
