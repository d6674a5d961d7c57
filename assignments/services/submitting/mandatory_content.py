"""Marking content as mandatory: what an administrator decides, and the log keeps."""

from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Content


@transaction.atomic
def set_mandatory(*, content: Content, is_mandatory: bool, by: Actor, now: datetime) -> None:
    """Let batches of the item need another manager's approval from now on, or no longer.

    Doing it twice changes nothing. Batches that were submitted already stay as they are.
    """
    content = Content.objects.select_for_update(of=("self",), no_key=True).get(pk=content.pk)
    if content.is_mandatory == is_mandatory:
        return
    content.is_mandatory = is_mandatory
    content.save(update_fields=["is_mandatory"])
    event = Event(
        action="content.marked_mandatory" if is_mandatory else "content.unmarked_mandatory",
        subject=f"content/{content.pk}",
        account=content.account.remote_id,
        result="mandatory" if is_mandatory else "not mandatory",
        detail={"content": {"title": content.title, "reference": content.external_reference}},
    )
    record(event, by=by, at=now)
