"""Which linked accounts are closed to somebody, as ACCOUNT_GROUPS says."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

READS_ALL = "assignments.export_log"


def closed_to(user: Any) -> list[str]:
    """Return the accounts in which a manager may not act: they are for other groups."""
    mine = set(getattr(user, "groups", ()))
    return [name for name, groups in settings.ACCOUNT_GROUPS.items() if not mine & set(groups)]


def unseen_by(user: Any) -> list[str]:
    """Return the accounts that somebody may not even see; who verifies the log sees all."""
    return [] if user.has_perm(READS_ALL) else closed_to(user)


def without[Rows: QuerySet[Any]](
    rows: Rows, closed: Collection[str], *, by: str = "account"
) -> Rows:
    """Return the rows of the other accounts; the query is as it was if none is closed."""
    return rows.exclude(**{f"{by}__remote_id__in": closed}) if closed else rows
