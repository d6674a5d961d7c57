"""Download of an export by its owner, and deletion of files that have expired."""

from datetime import datetime
from typing import BinaryIO

from django.db import transaction

from assignments.audit.entries.actors import SYSTEM, Actor, Person
from assignments.models import LogExport
from assignments.services.exporting import files
from assignments.services.exporting.audit_events import record_export_event

State = LogExport.State


class FileGone(Exception):
    """The export has no file; the message says why and what to do."""


def open_download(*, export: LogExport, by: Actor, now: datetime) -> BinaryIO:
    """Open the file of an export and record the download.

    :raises FileGone: if the file is not written yet, has expired or is missing
    """
    if export.state != State.READY or export.expires_at is None or export.expires_at <= now:
        raise FileGone("This export has no file, or its file has expired. Request it again.")
    try:
        file = files.open_file(export.file_name)
    except OSError as error:
        raise FileGone(
            f"The file of export {export.pk} is not where this machine looks for it. Request it "
            "again; if that does not help, tell whoever runs this site that every machine needs "
            "the same EXPORT_DIR."
        ) from error
    with transaction.atomic():
        record_export_event(
            export, "export.downloaded", by=by, at=now, entries=export.entries, sha256=export.sha256
        )
    return file


def expire_exports(*, now: datetime) -> None:
    """Delete the files that have expired, and the searches stored in clear with them."""
    expired = LogExport.objects.filter(expires_at__lte=now)
    expired.filter(state=State.FAILED).update(search="", expires_at=None)
    for export in expired.filter(state=State.READY).select_related("owner"):
        _expire(export, now)
        files.delete(export.file_name)
    files.delete_leftovers(now=now)


@transaction.atomic
def _expire(export: LogExport, now: datetime) -> None:
    ready = LogExport.objects.filter(pk=export.pk, state=State.READY)
    if ready.update(state=State.EXPIRED, search="", file_name=""):
        owner = export.owner
        person = Person(ref=f"user/{owner.pk}", name=str(owner), email=owner.get_username())
        record_export_event(export, "export.file_deleted", by=SYSTEM, at=now, people=(person,))
