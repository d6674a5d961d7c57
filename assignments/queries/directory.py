"""People and content of our copy of the LMS: searched, counted, and who has what."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from assignments.models import Content, DraftLearner, Learner, RemoteAssignment
from assignments.models.folding import folded

MOST_OPTIONS: Final = 8
Entry = Learner | Content


def people(
    *,
    account_pk: int | None,
    words: str = "",
    with_inactive: bool = False,
    picked_in: UUID | None = None,
) -> QuerySet[Learner]:
    """Return the people in whom every one of the words is found, by name.

    :param account_pk: only of this account, or of all
    :param picked_in: a draft's id; only the people picked in it
    """
    found = Learner.objects.filter(_says(words), **_of(account_pk))
    if not with_inactive:
        found = found.filter(is_active=True)
    if picked_in is not None:
        picked = DraftLearner.objects.filter(draft=picked_in)
        found = found.filter(pk__in=picked.values("learner"))
    return found.order_by("name", "pk")


def contents(*, account_pk: int | None, words: str = "") -> QuerySet[Content]:
    """Return the items in which every one of the words is found, active ones first, by title."""
    found = Content.objects.filter(_says(words), **_of(account_pk))
    return found.order_by("-is_active", "title", "pk")


def options(*, account_pk: int, words: str, besides: Collection[int]) -> list[Content]:
    """Return the first few items to choose from."""
    found = contents(account_pk=account_pk, words=words).exclude(pk__in=besides)
    return list(found[:MOST_OPTIONS])


def holders(content_pks: Iterable[int]) -> dict[int, int]:
    """Return how many people have each of the items, by the item's id."""
    held = RemoteAssignment.objects.filter(content__in=list(content_pks), learner__isnull=False)
    counts = held.values("content").order_by("content").annotate(n=Count("learner", distinct=True))
    return dict(counts.values_list("content", "n"))


def due_of_holders(
    learner_pks: Collection[int], content_pks: Collection[int]
) -> dict[int, datetime | None]:
    """Return, for those of the people who have one of the items, when the last of them is due."""
    held = RemoteAssignment.objects.filter(learner__in=learner_pks, content__in=content_pks)
    # Databases differ on where no date comes; first, so that a date wins over it everywhere.
    by_date = held.order_by(F("due_at").asc(nulls_first=True))
    return {pk: due for pk, due in by_date.values_list("learner", "due_at") if pk}


def _of(account_pk: int | None) -> dict[str, int]:
    return {} if account_pk is None else {"account": account_pk}


def _says(words: str) -> Q:
    says = Q()
    for word in folded(words).split():
        says &= Q(search_text__contains=word)
    return says
