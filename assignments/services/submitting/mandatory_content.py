"""Mandatory content: an administrator's mark on items whose batches need approval."""

from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Content


@transaction.atomic
def set_mandatory(*, content: Content, is_mandatory: bool, by: Actor, now: datetime) -> None:
    """Mark an item as mandatory, so that its batches need another manager's approval, or unmark it.

    Setting the same value again changes nothing. Batches that were submitted before are not
    affected. Who removed the mark and when is kept: it matters to approvals for some days.
    """
    content = Content.objects.select_for_update(of=("self",), no_key=True).get(pk=content.pk)
    if content.is_mandatory == is_mandatory:
        return
    content.is_mandatory = is_mandatory
    content.unmarked_at = None if is_mandatory else now
    content.unmarked_by = "" if is_mandatory else by.ref
    content.save(update_fields=["is_mandatory", "unmarked_at", "unmarked_by"])
    event = Event(
        action="content.marked_mandatory" if is_mandatory else "content.unmarked_mandatory",
        subject=f"content/{content.pk}",
        account=content.account.remote_id,
        result="mandatory" if is_mandatory else "not mandatory",
        detail={"content": {"title": content.title, "reference": content.external_reference}},
    )
    record(event, by=by, at=now)
