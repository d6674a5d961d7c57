"""The accounts, drafts, batches and audiences that a person may act on or see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Model, QuerySet

from assignments.queries import audiences, batches, drafts
from assignments.queries.account_scope import exclude_accounts, forbidden_accounts, hidden_accounts
from assignments.services.calls import connections
from assignments.views.query_params import chosen_account
from assignments.views.request_context import Request

if TYPE_CHECKING:
    from assignments.models import Account, Audience, Batch, Draft


def own_accounts(request: Request) -> list[Account]:
    """Return the linked accounts in which the person may assign."""
    closed = forbidden_accounts(request.user)
    return [
        account for account in connections.configured_accounts() if account.remote_id not in closed
    ]


def own_drafts(request: Request) -> QuerySet[Draft]:
    """Return the person's drafts, except in accounts that are closed to them by now."""
    return exclude_accounts(
        drafts.own_drafts(owner_pk=request.user.pk), forbidden_accounts(request.user)
    )


def own_batches(request: Request) -> QuerySet[Batch]:
    """Return the batches on which the person may act."""
    return exclude_accounts(batches.submitted_batches(), forbidden_accounts(request.user))


def own_audiences(request: Request) -> QuerySet[Audience]:
    """Return the audiences that the person may use and change."""
    return exclude_accounts(audiences.audiences(), forbidden_accounts(request.user))


def listed[Rows: QuerySet[Model, object]](request: Request, rows: Rows) -> Rows:
    """Return the rows that the person may see, of the account that they chose, if they did."""
    account = chosen_account(request)
    return seen(request, rows if account is None else rows.filter(account=account))


def seen[Rows: QuerySet[Model, object]](
    request: Request, rows: Rows, *, by: str = "account"
) -> Rows:
    """Return the rows of the accounts that the person may see.

    :param by: the path from a row to its account
    """
    return exclude_accounts(rows, hidden_accounts(request.user), by=by)
