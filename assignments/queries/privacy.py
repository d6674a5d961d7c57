"""Whom administrators find to erase or to hold, and which holds there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from assignments.models import Account, Learner, LegalHold, LogRetention
from assignments.queries.directory import people

MOST: Final = 20


def learners_found(words: str) -> list[Learner]:
    """Return the first people of the LMS in whom the words are found, inactive ones too."""
    found = people(account_pk=None, words=words, with_inactive=True)
    return list(found.select_related("account")[:MOST])


def users_found(words: str) -> list[Any]:
    """Return the first of those who signed in here and are called so."""
    found = get_user_model().objects.filter(Q(name__icontains=words) | Q(email__icontains=words))
    return list(found.order_by("name", "pk")[:MOST])


@dataclass(frozen=True, slots=True)
class Kept:
    """For how many months entries of an account are kept; none if for ever."""

    account: str
    name: str
    months: int | None


def months() -> dict[str, int]:
    """Return for how many months entries of each account are kept; those left out for ever."""
    return dict(LogRetention.objects.values_list("account", "months"))


def retention(accounts: Iterable[Account]) -> list[Kept]:
    """Return how long entries of each account are kept, and those of none."""
    kept = months()
    names = [*((one.remote_id, str(one)) for one in accounts), ("", "No account")]
    return [Kept(account, name, kept.get(account)) for account, name in names]


def holds() -> QuerySet[LegalHold]:
    """Return every hold, the newest first."""
    return LegalHold.objects.order_by("-at", "ref")
