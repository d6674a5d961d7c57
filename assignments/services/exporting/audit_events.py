"""What is done with an export, as an entry of the log."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.audit.search.parser import parse
from assignments.audit.search.query import Query
from assignments.audit.verification.log_status import actor_of
from assignments.models import LogExport

ENDINGS: Final = {"pack": "zip"}


def record_act(
    export: LogExport,
    action: str,
    *,
    by: Actor,
    at: datetime,
    people: tuple[Person, ...] = (),
    **more: object,
) -> None:
    """Record what somebody did with an export."""
    sample = {"sample": export.sample, "seed": export.seed} if export.seed else {}
    event = Event(
        action=action,
        subject=f"export/{export.pk}",
        result=export.format,
        people=people,
        detail={"search": export.masked, **sample, **more},
    )
    record(event, by=by, at=at)


def owner_of(export: LogExport) -> Actor:
    """Return whom a worker acts for when it writes the export."""
    return actor_of(f"user/{export.owner_id}")


def query_of(export: LogExport) -> Query:
    """Return what was asked for; words such as last-month count from the day of asking."""
    today = timezone.localdate(export.requested_at, timezone.get_default_timezone())
    return parse(export.search, today=today)


def ending(export: LogExport) -> str:
    """Return what the name of the export's file ends with."""
    return ENDINGS.get(export.format, export.format)
