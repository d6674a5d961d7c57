"""Terms that an administrator sets for all drafts of an account, or all assignments of an item."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.log import Event, record
from assignments.models import Account, Content
from assignments.services.planning import own_terms


@transaction.atomic
def set_for_account(*, account: Account, passthrough: str, by: Actor, now: datetime) -> None:
    """Set the passthrough that new drafts begin with, as compact JSON; empty for none.

    The entry has no text of it, which may have to be erased.
    """
    if account.passthrough == passthrough:
        return
    account.passthrough = passthrough
    account.save(update_fields=["passthrough"])
    event = Event(
        action="account.passthrough_changed",
        subject=f"account/{account.pk}",
        account=account.remote_id,
        result="set" if passthrough else "removed",
    )
    record(event, by=by, at=now)


@transaction.atomic
def set_for_item(
    *, content: Content, terms: Mapping[str, object], by: Actor, now: datetime
) -> None:
    """Set what every assignment of an item is sent with, unless its batch says something else.

    Plans that were reviewed before keep what they have.
    """
    stored = own_terms.commit_to(terms, previous=content.default_terms)
    if stored == content.default_terms:
        return
    content.default_terms = stored
    content.save(update_fields=["default_terms"])
    item = {"title": content.title, "reference": content.external_reference}
    event = Event(
        action="content.defaults_changed",
        subject=f"content/{content.pk}",
        account=content.account.remote_id,
        result="set" if stored else "removed",
        detail={"content": item, **own_terms.commitment_of(stored)},
    )
    record(event, by=by, at=now)
