"""Which linked accounts a person may not act in or see, as the setting ACCOUNT_GROUPS says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Model, QuerySet

from assignments.models import Account

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User

SEES_ALL_ACCOUNTS = "assignments.export_log"


def forbidden_accounts(user: User) -> list[str]:
    """Return the StackOne ids of the accounts of other groups, in which a manager may not act."""
    own_groups = set(user.groups)
    return [
        name for name, groups in settings.ACCOUNT_GROUPS.items() if not own_groups & set(groups)
    ]


def hidden_accounts(user: User) -> list[str]:
    """Return the StackOne ids of the accounts that a person may not even see.

    Auditors see all: whoever may export the log sees every account in it.
    """
    return [] if user.has_perm(SEES_ALL_ACCOUNTS) else forbidden_accounts(user)


def visible_accounts(user: User) -> list[Account]:
    """Return the accounts that a person may see, by name."""
    by_name = Account.objects.order_by("name", "pk")
    return list(exclude_accounts(by_name, hidden_accounts(user), by=""))


def distinct_names(accounts: Collection[Account]) -> dict[int, str]:
    """Return the name of each account by primary key; of the same name, with the StackOne id."""
    counts = Counter(map(str, accounts))
    return {
        account.pk: str(account)
        if counts[str(account)] == 1
        else f"{account} ({account.remote_id})"
        for account in accounts
    }


def exclude_accounts[Rows: QuerySet[Model, object]](
    rows: Rows, account_ids: Collection[str], *, by: str = "account"
) -> Rows:
    """Return the rows of all other accounts; the query is unchanged without account ids.

    :param account_ids: StackOne ids of the accounts to exclude
    :param by: the path from a row to its account; empty if the rows are accounts
    """
    path = "__".join(filter(None, (by, "remote_id", "in")))
    return rows.exclude(**{path: account_ids}) if account_ids else rows
