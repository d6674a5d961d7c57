"""Request an export of the log as it is now; a worker writes it later."""

from datetime import datetime
from typing import Final

from django.contrib.auth import get_user_model
from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.export.formats import Format, seal_for_export
from assignments.audit.search.access_records import search_as_people
from assignments.audit.search.query import Query
from assignments.models import LogExport
from assignments.services.exporting.audit_events import record_export_event
from assignments.services.exporting.dossiers import Sample

MAX_OPEN: Final = 3


class ExportRefused(Exception):
    """No export was created; the message says why and what to do."""


def request_export(
    *,
    query: Query,
    format: Format,  # noqa: A002  the field's own word
    owner_pk: int,
    by: Actor,
    now: datetime,
    sample: Sample | None = None,
) -> LogExport:
    """Seal the log and queue an export of its current entries.

    :raises ExportRefused: if the owner has MAX_OPEN unfinished exports
    :raises NotSealed: if the format is a pack and the log cannot be sealed
    """
    extent = seal_for_export(format, by=by, now=now)
    with transaction.atomic():
        _check_limit(owner_pk)
        export = LogExport.objects.create(
            owner_id=owner_pk,
            format=format,
            search=str(query),
            redacted_search=query.redacted(),
            sample_size=sample.size if sample else None,
            seed=sample.seed if sample else "",
            log_size=extent.size,
            frontier=extent.tree.to_bytes(),
            seal_number=extent.sealed.seal.number if extent.sealed else None,
            requested_at=now,
            progressed_at=now,
        )
        people = search_as_people(query)
        record_export_event(
            export, "export.requested", by=by, at=now, people=people, log_size=extent.size
        )
    return export


def _check_limit(owner_pk: int) -> None:
    # Locks the owner, so that two simultaneous requests cannot both pass the limit.
    get_user_model().objects.select_for_update().get(pk=owner_pk)
    open_exports = LogExport.objects.filter(owner=owner_pk, state__in=LogExport.OPEN_STATES)
    if open_exports.count() >= MAX_OPEN:
        raise ExportRefused(
            f"You have {MAX_OPEN} unfinished exports. Wait until one of them has finished."
        )
