"""What is somebody's own to act on: accounts, drafts and batches that their groups open."""

from typing import Any

from django.db.models import QuerySet

from assignments.queries import audiences, batches, drafts
from assignments.queries.account_scope import closed_to, unseen_by, without
from assignments.services.calls import connections
from assignments.views.request_context import Request


def own_accounts(request: Request) -> list[Any]:
    """Return the linked accounts in which the person may assign."""
    closed = closed_to(request.user)
    return [account for account in connections.accounts() if account.remote_id not in closed]


def own_drafts(request: Request) -> QuerySet[Any]:
    """Return the person's drafts, but for accounts that were closed to them since."""
    return without(drafts.drafts_of(owner_pk=request.user.pk), closed_to(request.user))


def own_batches(request: Request) -> QuerySet[Any]:
    """Return the batches on which the person may act."""
    return without(batches.submitted_batches(), closed_to(request.user))


def own_audiences(request: Request) -> QuerySet[Any]:
    """Return the audiences that the person may use and change."""
    return without(audiences.audiences(), closed_to(request.user))


def seen(request: Request, rows: QuerySet[Any], *, by: str = "account") -> QuerySet[Any]:
    """Return the rows of the accounts that the person may see."""
    return without(rows, unseen_by(request.user), by=by)
