"""People whose data can be erased or held, retention periods and legal holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from assignments.models import Account, Learner, LegalHold, LogRetention
from assignments.queries.directory import people

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User

MAX_RESULTS: Final = 20


def matching_learners(words: str) -> list[Learner]:
    """Return the first learners who match all words, inactive ones too."""
    matching = people(account_pk=None, words=words, with_inactive=True)
    return list(matching.select_related("account")[:MAX_RESULTS])


def matching_users(words: str) -> list[User]:
    """Return the first users whose name or e-mail contains the words."""
    users = get_user_model().objects.filter(Q(name__icontains=words) | Q(email__icontains=words))
    return list(users.order_by("name", "pk")[:MAX_RESULTS])


@dataclass(frozen=True, slots=True)
class RetentionPeriod:
    """Months for which entries of an account are kept; None: for ever."""

    account: str
    name: str
    months: int | None


def retention_months() -> dict[str, int]:
    """Return the months for which entries of an account are kept; accounts without: for ever."""
    return dict(LogRetention.objects.values_list("account", "months"))


def retention_periods(accounts: Iterable[Account]) -> list[RetentionPeriod]:
    """Return the retention period of each account, and of entries without an account."""
    months = retention_months()
    names = [*((account.remote_id, str(account)) for account in accounts), ("", "No account")]
    return [RetentionPeriod(account, name, months.get(account)) for account, name in names]


def legal_holds() -> QuerySet[LegalHold]:
    """Return the legal holds, newest first."""
    return LegalHold.objects.order_by("-placed_at", "ref")
