"""People and content of our copy of the LMS: searched, filtered, and who has what."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Model, QuerySet

from assignments.models import (
    Account,
    Content,
    DraftLearner,
    Learner,
    LearnerFacet,
    RemoteAssignment,
)
from assignments.queries.candidates import few, words_of

MOST_OPTIONS: Final = 8
COMPLETED: Final = "completed"


@dataclass(frozen=True, slots=True)
class Holding:
    """How people stand to some items: they have one of them, have completed one, or have none.

    :ivar how: "has", "completed" or "none"
    """

    how: str
    content_pks: tuple[int, ...]


def people(
    *,
    account_pk: int | None,
    words: str = "",
    with_inactive: bool = False,
    picked_in: UUID | None = None,
    values: Iterable[Collection[int]] = (),
    holding: Holding | None = None,
) -> QuerySet[Learner]:
    """Return the people in whom every one of the words is found and whom every filter lets pass.

    In the order of their folded names. Asks the indexes at once for the few who can match.

    :param account_pk: only of this account, or of all
    :param picked_in: a draft's id; only the people picked in it
    :param values: for each facet that filters, the ids of the values of which they have one
    """
    sought = words_of(words)
    sources = list(_sources(picked_in, values, holding))
    among = few(sought, sources)
    found = _says(Learner.objects.filter(**_of(account_pk, is_known=among is not None)), sought)
    for source in sources:
        found = found.filter(pk__in=source)
    if holding is not None and holding.how == "none":
        found = found.exclude(pk__in=holders_of(holding))
    if not with_inactive:
        found = found.filter(is_active=True)
    if among is not None:
        found = found.filter(pk__in_list=among)
    return found.order_by("search_text", "pk")


def everybody() -> QuerySet[Learner]:
    """Return everybody of every account, inactive people too, for the page of one of them."""
    return Learner.objects.order_by("search_text", "pk")


def everything() -> QuerySet[Content]:
    """Return every item of every account, for the page of one of them."""
    return Content.objects.order_by("search_text", "pk")


def contents(*, account_pk: int | None, words: str = "") -> QuerySet[Content]:
    """Return the items in which every one of the words is found, active ones first, by title."""
    found = _says(Content.objects.filter(**_of(account_pk)), words_of(words))
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


def holders_of(holding: Holding) -> "QuerySet[RemoteAssignment, Any]":
    """Return the ids of the people who have one of the items, or have completed one."""
    held = RemoteAssignment.objects.filter(
        content__in=holding.content_pks, learner__isnull=False
    ).order_by()
    if holding.how == COMPLETED:
        held = held.filter(status=COMPLETED)
    return held.values_list("learner", flat=True)


def held_by(
    learner_pks: Collection[int], content_pks: Collection[int]
) -> dict[int, tuple[str, datetime | None]]:
    """Return, for those of the people who have one of the items, its status and when it is due.

    Of several, that of the last due date; who has completed one counts as having completed it.
    """
    held = RemoteAssignment.objects.filter(learner__in=learner_pks, content__in=content_pks)
    # Databases differ on where no date comes; first, so that a date wins over it everywhere.
    by_date = held.order_by(F("due_at").asc(nulls_first=True))
    found: dict[int, tuple[str, datetime | None]] = {}
    for pk, status, due_at in by_date.values_list("learner", "status", "due_at"):
        if pk and found.get(pk, ("",))[0] != COMPLETED:
            found[pk] = (status, due_at)
    return found


def _sources(
    picked_in: UUID | None, values: Iterable[Collection[int]], holding: Holding | None
) -> "Iterable[QuerySet[Any, Any]]":
    for pks in values:
        yield LearnerFacet.objects.filter(value__in=pks).values_list("learner", flat=True)
    if holding is not None and holding.how != "none":
        yield holders_of(holding)
    if picked_in is not None:
        picked = DraftLearner.objects.filter(draft=picked_in)
        yield picked.values_list("learner", flat=True)


def _of(account_pk: int | None, *, is_known: bool = False) -> dict[str, Any]:
    """Name the account, or all of them: the indexes begin with it.

    :param is_known: whether the ids are known: then no index may tempt the database
    """
    accounts = [account_pk] if account_pk else list(Account.objects.values_list("pk", flat=True))
    if len(accounts) != 1:
        return {"account__in": accounts}
    (only,) = accounts
    return {"account__gte": only, "account__lte": only} if is_known else {"account": only}


def _says[Entry: Model](found: QuerySet[Entry], words: Sequence[str]) -> QuerySet[Entry]:
    for word in words:
        found = found.filter(search_text__contains_text=word)
    return found
