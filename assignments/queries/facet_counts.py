"""Values of a facet to choose from, each with the number of people who match the other filters."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from django.db.models import Count, QuerySet

from assignments.models import FacetValue, Learner, LearnerFacet
from assignments.models.sql.text_folding import fold
from assignments.queries.candidates import MAX_CANDIDATES

MAX_VALUES: Final = 100


def stored_counts(values: QuerySet[FacetValue]) -> Counter[str]:
    """Return the number of active people of each value, as the last sync counted them.

    :param values: all values of the field; those of several accounts may have the same text
    """
    counts: Counter[str] = Counter()
    for text, people in values.values_list("value", "people"):
        counts[text] += people
    return +counts


def counts_of_all(values: QuerySet[FacetValue]) -> Counter[str]:
    """Return the number of people of each value, inactive ones too."""
    texts = dict(values.values_list("pk", "value"))
    return _counted(texts, _by_value().filter(value__pk__in_list=list(texts)))


def counts_among(values: QuerySet[FacetValue], people: QuerySet[Learner]) -> Counter[str]:
    """Return the number of people of each value among those who match a query."""
    texts = dict(values.values_list("pk", "value"))
    return _counted(texts, _held(list(texts), people))


def listed_values(
    counts: Counter[str], chosen: Collection[str], words: str = ""
) -> tuple[list[tuple[str, int]], int]:
    """Return values with their counts, and how many more there are.

    The chosen ones come first, then the most frequent ones that contain the words, each in
    alphabetical order.
    """
    others = {text: n for text, n in counts.items() if text not in chosen}
    if needle := fold(words):
        others = {text: n for text, n in others.items() if needle in fold(text)}
    frequent = sorted(others, key=lambda text: (-others[text], text))[:MAX_VALUES]
    listed = [*_alphabetical(chosen), *_alphabetical(frequent)]
    return [(text, counts[text]) for text in listed], len(others) - len(frequent)


def _by_value() -> "QuerySet[LearnerFacet, tuple[int]]":
    return LearnerFacet.objects.order_by().values_list("value")


def _counted(texts: Mapping[int, str], held: "QuerySet[LearnerFacet, tuple[int]]") -> Counter[str]:
    counts: Counter[str] = Counter()
    for pk, number in held.annotate(n=Count("pk")):
        if pk in texts:
            counts[texts[pk]] += number
    return counts


def _held(
    value_pks: Collection[int], people: QuerySet[Learner]
) -> "QuerySet[LearnerFacet, tuple[int]]":
    """Return the values that the people have, grouped by value.

    With both conditions indexed, SQLite would combine each value with each person (10 s for 12,500
    values and 2,000 people). So few people are looked up by their index, whatever their values,
    and many by the index of the values.
    """
    held = _by_value()
    pks = people.order_by().values_list("pk", flat=True)
    first_pks = list(pks[: MAX_CANDIDATES + 1])
    if len(first_pks) <= MAX_CANDIDATES:
        return held.filter(learner__pk__in_list=first_pks)
    return held.filter(value__pk__in_list=value_pks, learner__pk__no_index__in=pks)


def _alphabetical(texts: Collection[str]) -> list[str]:
    return sorted(texts, key=lambda text: (text.casefold(), text))
