"""Facets as lists offer them: their values with how many people have each, and who has what."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from assignments.models import Facet, FacetValue, LearnerFacet

MOST_VALUES: Final = 100
COLUMNS: Final = 2


class Choice:
    """A facet with its most frequent values, looked up only when the template shows them.

    :ivar chosen: the value by which people are filtered, or ""
    """

    def __init__(self, facet: Facet, chosen: str) -> None:
        self.facet = facet
        self.chosen = chosen

    @property
    def is_cut(self) -> bool:
        """Whether the facet has more values than are offered."""
        return len(self._most_frequent) > MOST_VALUES

    @property
    def values(self) -> list[tuple[str, int]]:
        """The values in the order of the alphabet with how many people have each."""
        offered = sorted(self._most_frequent[:MOST_VALUES], key=lambda pair: pair[0].casefold())
        if self.chosen and self.chosen not in dict(offered):
            offered.insert(0, (self.chosen, _people(self.facet, self.chosen)))
        return offered

    @cached_property
    def _most_frequent(self) -> list[tuple[str, int]]:
        found = FacetValue.objects.filter(facet=self.facet, people__gt=0)
        by_people = found.order_by("-people", "value").values_list("value", "people")
        return list(by_people[: MOST_VALUES + 1])


def facets(account_pk: int | None) -> list[Facet]:
    """Return the facets of an account, or of all, in their order; each field once."""
    found = Facet.objects.order_by("position", "pk")
    if account_pk is not None:
        found = found.filter(account=account_pk)
    return list({facet.path: facet for facet in reversed(found)}.values())[::-1]


def choices(offered: Iterable[Facet], chosen: Mapping[str, str]) -> list[Choice]:
    """Return what each facet offers; what is chosen is offered even if hardly anybody has it."""
    return [Choice(facet, chosen.get(facet.path, "")) for facet in offered]


def value_pks(account_pk: int | None, chosen: Mapping[str, str]) -> list[list[int]]:
    """Return for each chosen field the ids of its chosen value; none if nobody has it."""
    found = FacetValue.objects.filter(value__in=chosen.values(), facet__path__in=chosen)
    if account_pk is not None:
        found = found.filter(facet__account=account_pk)
    pks: dict[str, list[int]] = {path: [] for path in chosen}
    for pk, path, value in found.values_list("pk", "facet__path", "value"):
        if chosen[path] == value:
            pks[path].append(pk)
    return list(pks.values())


def values_of(learner_pks: Collection[int], paths: Collection[str]) -> dict[int, dict[str, str]]:
    """Return for each of the people what stands in the fields; several values with commas."""
    if not paths:
        return {}
    held = LearnerFacet.objects.filter(learner__in=learner_pks, value__facet__path__in=paths)
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    rows: Any = held.values_list("learner", "value__facet__path", "value__value")
    for pk, path, value in rows.order_by("value__value"):
        known = found[pk].get(path)
        found[pk][path] = f"{known}, {value}" if known else value
    return dict(found)


def _people(facet: Facet, value: str) -> int:
    found = FacetValue.objects.filter(facet=facet, value=value)
    return found.values_list("people", flat=True).first() or 0
