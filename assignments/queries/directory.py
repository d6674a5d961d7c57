"""People and content in the local copy of the LMS directory: search, filters, who has what."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, F, Model, QuerySet

from assignments.models import (
    Account,
    Content,
    DraftLearner,
    Learner,
    LearnerFacet,
    RemoteAssignment,
)
from assignments.queries.candidates import candidate_ids, search_words

MAX_OPTIONS: Final = 8
COMPLETED: Final = "completed"


@dataclass(frozen=True, slots=True)
class HoldingFilter:
    """Filter for people by items: they have one of them, have completed one, or have none.

    :ivar how: "has", "completed" or "none"
    :ivar due_before: only assignments that are due before this day count, in the organisation's
        time zone; None for all
    """

    how: str
    content_pks: tuple[int, ...]
    due_before: date | None = None


def people(
    *,
    account_pk: int | None,
    words: str = "",
    with_inactive: bool = False,
    picked_in: UUID | None = None,
    with_values: "Iterable[QuerySet[LearnerFacet, int]]" = (),
    holding: HoldingFilter | None = None,
) -> QuerySet[Learner]:
    """Return the people who match all words and filters, in the order of their folded names.

    Queries the indexes immediately for candidates.

    :param account_pk: the account; None for all
    :param picked_in: id of a draft, for the people selected in it
    :param with_values: for each facet of the filter the ids of the people who pass
    """
    wanted_words = search_words(words)
    sources = list(_sources(picked_in, with_values, holding))
    candidates = candidate_ids(wanted_words, sources)
    in_account = _account_condition(account_pk, has_candidates=candidates is not None)
    matching = _containing(Learner.objects.filter(**in_account), wanted_words)
    for source in sources:
        matching = matching.filter(pk__in=source)
    if holding is not None and holding.how == "none":
        matching = matching.exclude(pk__in=holder_ids(holding))
    if not with_inactive:
        matching = matching.filter(is_active=True)
    if candidates is not None:
        matching = matching.filter(pk__in_list=candidates)
    return matching.order_by("search_text", "pk")


def all_learners() -> QuerySet[Learner]:
    """Return the people of all accounts, inactive ones too."""
    return Learner.objects.order_by("search_text", "pk")


def all_contents() -> QuerySet[Content]:
    """Return the content of all accounts, inactive items too."""
    return Content.objects.order_by("search_text", "pk")


def contents(*, account_pk: int | None, words: str = "") -> QuerySet[Content]:
    """Return the items that match all words, active ones first, by title."""
    in_account = Content.objects.filter(**_account_condition(account_pk))
    return _containing(in_account, search_words(words)).order_by("-is_active", "title", "pk")


def content_options(*, account_pk: int, words: str, exclude: Collection[int]) -> list[Content]:
    """Return the first matching items for a selection list."""
    matching = contents(account_pk=account_pk, words=words).exclude(pk__in=exclude)
    return list(matching[:MAX_OPTIONS])


def holder_counts(content_pks: Iterable[int]) -> dict[int, int]:
    """Return the number of people who have each item, by the item's id."""
    held = RemoteAssignment.objects.filter(content__in=list(content_pks), learner__isnull=False)
    counts = held.values("content").order_by("content").annotate(n=Count("learner", distinct=True))
    return dict(counts.values_list("content", "n"))


def holder_ids(holding: HoldingFilter) -> "QuerySet[RemoteAssignment, int]":
    """Return the ids of the people who have, or have completed, one of the items."""
    held = RemoteAssignment.objects.filter(
        content__in=holding.content_pks, learner__isnull=False
    ).order_by()
    if holding.how == COMPLETED:
        held = held.filter(status=COMPLETED)
    if holding.due_before is not None:
        midnight = datetime.combine(holding.due_before, time.min, ZoneInfo(settings.TIME_ZONE))
        held = held.filter(due_at__lt=midnight)
    return held.values_list("learner", flat=True)


def held_statuses(
    learner_pks: Collection[int], content_pks: Collection[int]
) -> dict[int, tuple[str, datetime | None]]:
    """Return status and due date of the assignment of each of the people who has one of the items.

    Of several assignments a completed one counts, else the one with the latest due date.
    """
    held = RemoteAssignment.objects.filter(learner__in=learner_pks, content__in=content_pks)
    # Explicit, because databases order NULL differently; a later date overwrites an earlier one.
    by_date = held.order_by(F("due_at").asc(nulls_first=True))
    statuses: dict[int, tuple[str, datetime | None]] = {}
    for pk, status, due_at in by_date.values_list("learner", "status", "due_at"):
        if pk and statuses.get(pk, ("",))[0] != COMPLETED:
            statuses[pk] = (status, due_at)
    return statuses


def _sources(
    picked_in: UUID | None,
    with_values: "Iterable[QuerySet[LearnerFacet, int]]",
    holding: HoldingFilter | None,
) -> "Iterable[QuerySet[Model, int]]":
    yield from with_values
    if holding is not None and holding.how != "none":
        yield holder_ids(holding)
    if picked_in is not None:
        picked = DraftLearner.objects.filter(draft=picked_in)
        yield picked.values_list("learner", flat=True)


def _account_condition(
    account_pk: int | None, *, has_candidates: bool = False
) -> dict[str, int | list[int]]:
    """Return the condition for one account or all; all indexes begin with the account.

    :param has_candidates: the query is limited to ids; then the condition is written as a range,
        so that the planner does not prefer an index that begins with the account
    """
    accounts = [account_pk] if account_pk else list(Account.objects.values_list("pk", flat=True))
    if len(accounts) != 1:
        return {"account__in": accounts}
    (account,) = accounts
    return (
        {"account__gte": account, "account__lte": account}
        if has_candidates
        else {"account": account}
    )


def _containing[Row: Model](rows: QuerySet[Row], words: Sequence[str]) -> QuerySet[Row]:
    for word in words:
        rows = rows.filter(search_text__contains_text=word)
    return rows
