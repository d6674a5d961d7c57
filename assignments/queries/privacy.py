"""Whom administrators find to erase or to hold, and which holds there are."""

from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from assignments.models import Learner, LegalHold
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


def holds() -> QuerySet[LegalHold]:
    """Return every hold, the newest first."""
    return LegalHold.objects.order_by("-at", "ref")
