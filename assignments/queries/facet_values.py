"""Facets and their values: whom a filter matches, and what people have."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Final

from django.db.models import Count, Q, QuerySet

from assignments.models import Facet, FacetValue, LearnerFacet

COLUMNS: Final = 2


def facets(account_pk: int | None) -> list[Facet]:
    """Return the facets of an account, or of all, by position; each field once."""
    all_facets = Facet.objects.order_by("position", "pk")
    if account_pk is not None:
        all_facets = all_facets.filter(account=account_pk)
    return list({facet.path: facet for facet in reversed(all_facets)}.values())[::-1]


def values_of(account_pk: int | None, paths: Collection[str]) -> QuerySet[FacetValue]:
    """Return all values of fields, in one account or in all."""
    values = FacetValue.objects.filter(facet__path__in=paths)
    return values if account_pk is None else values.filter(facet__account=account_pk)


def numbers_of_values(account_pk: int | None, paths: Collection[str]) -> dict[str, int]:
    """Return how many values active people have of each field."""
    if not paths:
        return {}
    used = values_of(account_pk, paths).filter(people__gt=0).order_by()
    numbers = used.values("facet__path").annotate(n=Count("value", distinct=True))
    return dict(numbers.values_list("facet__path", "n"))


def learners_with_values(
    account_pk: int | None, path: str, values: Collection[str]
) -> "QuerySet[LearnerFacet, int]":
    """Return the ids of the people who have one of the values of a field."""
    return _learners(values_of(account_pk, [path]).filter(value__in=values))


def learners_in_range(
    account_pk: int | None, path: str, since: date | None, until: date | None
) -> "QuerySet[LearnerFacet, int]":
    """Return the ids of the people whose date in a field is neither before nor after the range."""
    # Dates are stored as 2027-01-15, so that their order is that of the texts.
    limits = {"value__gte": since, "value__lte": until}
    in_range = Q(**{name: limit.isoformat() for name, limit in limits.items() if limit})
    return _learners(values_of(account_pk, [path]).filter(in_range))


def facet_texts(learner_pks: Collection[int], paths: Collection[str]) -> dict[int, dict[str, str]]:
    """Return the text of each field by learner id; several values are separated by commas."""
    if not paths:
        return {}
    held = LearnerFacet.objects.filter(learner__in=learner_pks, value__facet__path__in=paths)
    texts: defaultdict[int, dict[str, str]] = defaultdict(dict)
    rows = held.order_by("value__value")
    for pk, path, value in rows.values_list("learner", "value__facet__path", "value__value"):
        previous = texts[pk].get(path)
        texts[pk][path] = f"{previous}, {value}" if previous else value
    return dict(texts)


def _learners(values: QuerySet[FacetValue]) -> "QuerySet[LearnerFacet, int]":
    # The ids are looked up first, as the query planner cannot estimate how many people have them.
    pks = list(values.values_list("pk", flat=True))
    return LearnerFacet.objects.filter(value__pk__in_list=pks).values_list("learner", flat=True)
