"""Passthrough that an administrator sets for all assignments of an account or of an item."""

from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Content


@transaction.atomic
def set_for_account(*, account: Account, passthrough: str, by: Actor, now: datetime) -> None:
    """Set what new drafts of an account begin with, as compact JSON; empty for nothing."""
    if account.passthrough == passthrough:
        return
    account.passthrough = passthrough
    account.save(update_fields=["passthrough"])
    # The text may have to be erased; the plan of each batch commits to what was sent.
    event = Event(
        action="account.passthrough_changed",
        subject=f"account/{account.pk}",
        account=account.remote_id,
        result="set" if passthrough else "removed",
    )
    record(event, by=by, at=now)


@transaction.atomic
def set_for_item(*, content: Content, passthrough: str, by: Actor, now: datetime) -> None:
    """Set what every assignment of an item is sent with, as compact JSON; empty for nothing.

    Plans that were reviewed before keep what they have.
    """
    if content.passthrough == passthrough:
        return
    content.passthrough = passthrough
    content.save(update_fields=["passthrough"])
    event = Event(
        action="content.passthrough_changed",
        subject=f"content/{content.pk}",
        account=content.account.remote_id,
        result="set" if passthrough else "removed",
        detail={"content": {"title": content.title, "reference": content.external_reference}},
    )
    record(event, by=by, at=now)
