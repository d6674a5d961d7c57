"""Facets for filters: their values with the number of people, and the values of people."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Final

from assignments.models import Facet, FacetValue, LearnerFacet

MAX_VALUES: Final = 100
COLUMNS: Final = 2


class FacetChoice:
    """A facet with its most frequent values, which are queried when the template shows them.

    :ivar chosen: the value of the current filter, or ""
    """

    def __init__(self, facet: Facet, chosen: str) -> None:
        self.facet = facet
        self.chosen = chosen

    @property
    def is_cut(self) -> bool:
        """Whether the facet has more values than are listed."""
        return len(self._most_frequent) > MAX_VALUES

    @property
    def values(self) -> list[tuple[str, int]]:
        """The most frequent values in alphabetical order, with the number of people."""
        offered = sorted(self._most_frequent[:MAX_VALUES], key=lambda pair: pair[0].casefold())
        if self.chosen and self.chosen not in dict(offered):
            offered.insert(0, (self.chosen, _people(self.facet, self.chosen)))
        return offered

    @cached_property
    def _most_frequent(self) -> list[tuple[str, int]]:
        used = FacetValue.objects.filter(facet=self.facet, people__gt=0)
        by_people = used.order_by("-people", "value").values_list("value", "people")
        return list(by_people[: MAX_VALUES + 1])


def facets(account_pk: int | None) -> list[Facet]:
    """Return the facets of an account, or of all, by position; each field once."""
    all_facets = Facet.objects.order_by("position", "pk")
    if account_pk is not None:
        all_facets = all_facets.filter(account=account_pk)
    return list({facet.path: facet for facet in reversed(all_facets)}.values())[::-1]


def choices(offered: Iterable[Facet], chosen: Mapping[str, str]) -> list[FacetChoice]:
    """Return the choices of each facet; the chosen value is listed even if it is rare."""
    return [FacetChoice(facet, chosen.get(facet.path, "")) for facet in offered]


def value_pks(account_pk: int | None, chosen: Mapping[str, str]) -> list[list[int]]:
    """Return the ids of the chosen value of each field; empty if nobody has it."""
    matching = FacetValue.objects.filter(value__in=chosen.values(), facet__path__in=chosen)
    if account_pk is not None:
        matching = matching.filter(facet__account=account_pk)
    pks: dict[str, list[int]] = {path: [] for path in chosen}
    for pk, path, value in matching.values_list("pk", "facet__path", "value"):
        if chosen[path] == value:
            pks[path].append(pk)
    return list(pks.values())


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


def _people(facet: Facet, value: str) -> int:
    matching = FacetValue.objects.filter(facet=facet, value=value)
    return matching.values_list("people", flat=True).first() or 0
