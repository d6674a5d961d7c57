"""The accounts, drafts, batches and audiences that a person may act on or see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Model, QuerySet

from assignments.queries import audiences, batches, drafts
from assignments.queries.account_scope import closed_to, unseen_by, without
from assignments.services.calls import connections
from assignments.views.request_context import Request

if TYPE_CHECKING:
    from assignments.models import Account, Audience, Batch, Draft


def own_accounts(request: Request) -> list[Account]:
    """Return the linked accounts in which the person may assign."""
    closed = closed_to(request.user)
    return [
        account for account in connections.configured_accounts() if account.remote_id not in closed
    ]


def own_drafts(request: Request) -> QuerySet[Draft]:
    """Return the person's drafts, except in accounts that are closed to them by now."""
    return without(drafts.drafts_of(owner_pk=request.user.pk), closed_to(request.user))


def own_batches(request: Request) -> QuerySet[Batch]:
    """Return the batches on which the person may act."""
    return without(batches.submitted_batches(), closed_to(request.user))


def own_audiences(request: Request) -> QuerySet[Audience]:
    """Return the audiences that the person may use and change."""
    return without(audiences.audiences(), closed_to(request.user))


def seen[Rows: QuerySet[Model, object]](
    request: Request, rows: Rows, *, by: str = "account"
) -> Rows:
    """Return the rows of the accounts that the person may see.

    :param by: the path from a row to its account
    """
    return without(rows, unseen_by(request.user), by=by)
