"""Handing out the file of an export to its owner, and deleting it when its time is over."""

from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.models import LogExport
from assignments.services.exporting import files
from assignments.services.exporting.audit_events import record_act

State = LogExport.State


class FileGone(Exception):
    """There is no file to hand out; the message says why and what to do."""


def opened(*, export: LogExport, by: Actor, now: datetime) -> BinaryIO:
    """Open the file of an export and record that it was handed out.

    :raises FileGone: if there is none, or none any more
    """
    if export.state != State.READY or export.expires_at is None or export.expires_at <= now:
        raise FileGone("This export has no file, or none any more. Ask for it again.")
    try:
        file = files.opened(export.file)
    except OSError as error:
        raise FileGone(
            f"The file of export {export.pk} is not where this machine looks for it. Request it "
            "again; if that does not help, tell whoever runs this site that every machine needs "
            "the same EXPORT_DIR."
        ) from error
    facts: dict[str, Any] = {"entries": export.entries, "sha256": export.sha256}
    with transaction.atomic():
        record_act(export, "export.downloaded", by=by, at=now, **facts)
    return file


def forget(*, now: datetime) -> None:
    """Delete the files whose time is over, and what was searched for in clear."""
    over = LogExport.objects.filter(expires_at__lte=now)
    over.filter(state=State.FAILED).update(search="", expires_at=None)
    for export in over.filter(state=State.READY).select_related("owner"):
        _expire(export, now)
        files.delete(export.file)
    files.sweep(now=now)


@transaction.atomic
def _expire(export: LogExport, now: datetime) -> None:
    ready = LogExport.objects.filter(pk=export.pk, state=State.READY)
    if ready.update(state=State.EXPIRED, search="", file=""):
        owner = export.owner
        person = Person(ref=f"user/{owner.pk}", name=str(owner), email=owner.get_username())
        record_act(export, "export.file_deleted", by=SYSTEM, at=now, people=(person,))
