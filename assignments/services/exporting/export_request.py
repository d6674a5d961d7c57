"""Asking for an export of the log as it is now; a worker writes it."""

from datetime import datetime
from typing import Final

from django.contrib.auth import get_user_model
from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.export.formats import Format, extent_for
from assignments.audit.search.access_records import sought
from assignments.audit.search.query import Query
from assignments.models import LogExport
from assignments.services.exporting.audit_events import record_act
from assignments.services.exporting.dossiers import Sample

MOST_OPEN: Final = 3


class ExportRefused(Exception):
    """No export was begun; the message says why and what to do."""


def request(
    *,
    query: Query,
    format: Format,  # noqa: A002  the word that people know it by
    owner_pk: int,
    by: Actor,
    now: datetime,
    sample: Sample | None = None,
) -> LogExport:
    """Seal the log and note that somebody wants an export of it as it is now.

    :raises ExportRefused: if they have too many under way
    :raises NotSealed: if a pack is asked for and the log cannot be sealed
    """
    extent = extent_for(format, by=by, now=now)
    with transaction.atomic():
        _check(owner_pk)
        export = LogExport.objects.create(
            owner_id=owner_pk,
            format=format,
            search=str(query),
            masked=query.masked(),
            sample=sample.size if sample else None,
            seed=sample.seed if sample else "",
            size=extent.size,
            frontier=extent.tree.to_bytes(),
            seal=extent.sealed.seal.number if extent.sealed else None,
            requested_at=now,
            progressed_at=now,
        )
        people = sought(query)
        record_act(export, "export.requested", by=by, at=now, people=people, size=extent.size)
    return export


def _check(owner_pk: int) -> None:
    # One at a time for a person, or two tabs would get past the limit.
    get_user_model().objects.select_for_update().get(pk=owner_pk)
    theirs = LogExport.objects.filter(owner=owner_pk, state__in=LogExport.OPEN)
    if theirs.count() >= MOST_OPEN:
        raise ExportRefused(
            f"You have {MOST_OPEN} exports under way. Wait until one of them has ended."
        )
