"""Log entries about exports: record what was done with one, and by whom."""

from datetime import datetime
from typing import Final

from django.utils import timezone

from assignments.audit.entries.actors import Actor, Person
from assignments.audit.log import Event, record
from assignments.audit.search.parser import parse
from assignments.audit.search.query import Query
from assignments.audit.verification.log_status import actor_of
from assignments.models import LogExport

EXTENSIONS: Final = {"pack": "zip"}


def record_export_event(
    export: LogExport,
    action: str,
    *,
    by: Actor,
    at: datetime,
    people: tuple[Person, ...] = (),
    **detail: object,
) -> None:
    """Append an entry about an export.

    :param people: whom the entry names besides the actor
    :param detail: added to the entry's detail
    """
    sample = {"sample_size": export.sample_size, "seed": export.seed} if export.seed else {}
    event = Event(
        action=action,
        subject=f"export/{export.pk}",
        result=export.format,
        people=people,
        detail={"search": export.redacted_search, **sample, **detail},
    )
    record(event, by=by, at=at)


def owner_actor(export: LogExport) -> Actor:
    """Return the owner as the actor of what a worker does for the export."""
    return actor_of(f"user/{export.owner_id}")


def parse_search(export: LogExport) -> Query:
    """Parse the export's search; words such as last-month count from the day of the request."""
    today = timezone.localdate(export.requested_at, timezone.get_default_timezone())
    return parse(export.search, today=today)


def file_extension(export: LogExport) -> str:
    """Return the extension of the export's file, without a dot."""
    return EXTENSIONS.get(export.format, export.format)
