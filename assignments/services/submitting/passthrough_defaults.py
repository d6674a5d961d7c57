"""Passthrough that an administrator sets for all assignments of an account or of an item."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Content


def set_for_account(*, account: Account, passthrough: str, by: Actor, now: datetime) -> None:
    """Set what new drafts of an account begin with, as compact JSON; empty for nothing."""
    event = Event(
        action="account.passthrough_changed",
        subject=f"account/{account.pk}",
        account=account.remote_id,
    )
    _set(account, passthrough, event, by, now)


def set_for_item(*, content: Content, passthrough: str, by: Actor, now: datetime) -> None:
    """Set what every assignment of an item is sent with, as compact JSON; empty for nothing.

    Plans that were reviewed before keep what they have.
    """
    event = Event(
        action="content.passthrough_changed",
        subject=f"content/{content.pk}",
        account=content.account.remote_id,
        detail={"content": {"title": content.title, "reference": content.external_reference}},
    )
    _set(content, passthrough, event, by, now)


@transaction.atomic
def _set(
    owner: Account | Content, passthrough: str, event: Event, by: Actor, now: datetime
) -> None:
    """Store a passthrough and record the change without its text, which may have to be erased."""
    if owner.passthrough == passthrough:
        return
    owner.passthrough = passthrough
    owner.save(update_fields=["passthrough"])
    record(replace(event, result="set" if passthrough else "removed"), by=by, at=now)
