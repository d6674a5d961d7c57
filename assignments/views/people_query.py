"""The query of the people table: search text, filters, order and page, parsed and built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.http import QueryDict

from assignments.forms.assign import HOLDER_FILTERS, PeopleForm
from assignments.queries import facet_values
from assignments.queries.formatting import short_day
from assignments.views.facet_filters import MAX_SHOWN, FacetFilter

if TYPE_CHECKING:
    from assignments.models import Facet

PLACE: Final = ("after", "before", "first")
HOLDER_LABELS: Final = dict(HOLDER_FILTERS)


@dataclass(frozen=True, slots=True)
class FacetControl:
    """What opens to choose values of a facet.

    :ivar summary: what is chosen, in words
    :ivar opening: the query of the page with the control open
    """

    chosen: FacetFilter
    summary: str
    opening: str


class PeopleQuery:
    """A query of people, with the links and hidden fields that change or repeat it.

    :param account_pk: the account whose facets filter; None for all accounts
    :param content_pks: the picked items, by whose holders people can be filtered
    """

    def __init__(
        self, data: QueryDict, *, account_pk: int | None, content_pks: tuple[int, ...] = ()
    ) -> None:
        self._data = data
        self._account_pk = account_pk
        self._content_pks = content_pks

    @cached_property
    def params(self) -> dict[str, Any]:  # as `cleaned_data`, which has no types
        """The cleaned query parameters but those of facets: q, inactive, show, has, sort, …"""
        terms = PeopleForm(self._data).values()
        if not self._content_pks:
            terms |= {"has": "", "due_before": None}
        if terms["due_before"] and not terms["has"]:
            terms["has"] = "has"
        return terms

    @cached_property
    def facets(self) -> list[Facet]:
        """The facets of the account."""
        return facet_values.facets(self._account_pk)

    @cached_property
    def facet_filters(self) -> list[FacetFilter]:
        """What the query says about each facet."""
        return [FacetFilter.from_query(facet, self._data) for facet in self.facets]

    @property
    def active_filters(self) -> list[FacetFilter]:
        """The facets by which the query filters."""
        return [each for each in self.facet_filters if each.is_active]

    @cached_property
    def controls(self) -> list[FacetControl]:
        """The controls of the facets, in their order."""
        many = [each.facet.path for each in self.facet_filters if len(each.values) > MAX_SHOWN]
        numbers = facet_values.numbers_of_values(self._account_pk, many)
        return [
            FacetControl(
                chosen,
                chosen.summary(numbers.get(chosen.facet.path, 0)),
                self.query(open=chosen.facet.path),
            )
            for chosen in self.facet_filters
        ]

    @property
    def holding(self) -> tuple[tuple[str, str], ...]:
        """The choices of the filter by who has the picked items; none if no item is picked."""
        return HOLDER_FILTERS if self._content_pks else ()

    @property
    def holding_summary(self) -> str:
        """The filter by who has the picked items in words, or ""."""
        label = HOLDER_LABELS.get(self.params["has"], "")
        due_before: date | None = self.params["due_before"]
        return f"{label}, due before {short_day(due_before)}" if due_before else label

    @property
    def filter(self) -> str:
        """The query without order and page, as an audience stores it."""
        return self.query(show="", by="", sort="").removeprefix("?")

    @property
    def is_filtered(self) -> bool:
        """Whether the query has more than an order and a page."""
        terms = self.params
        return bool(terms["q"] or terms["has"] or terms["show"] or self.active_filters)

    @property
    def chips(self) -> list[dict[str, str]]:
        """The active filters, each with the query without it."""
        chips = [chip for control in self.controls for chip in self._facet_chips(control)]
        if self.holding_summary:
            without = self.query(has="", due_before="")
            chips.append({"label": "", "value": self.holding_summary, "without": without})
        return chips

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        """The hidden fields with which a form gets the same page of the table back."""
        return self._parts({})

    @property
    def search_hidden_fields(self) -> list[tuple[str, str]]:
        """The hidden fields of the search form, for parameters that it has no visible field for."""
        hidden = ("inactive", "show", "account", "sort")
        return [(name, value) for name, value in self._parts({}) if name in hidden]

    @property
    def sorts(self) -> list[dict[str, str]]:
        """The sortable columns, each with its order and the query that reverses it."""
        current = self.params["sort"] or "name"
        return [
            {
                "name": name,
                "label": label,
                "state": {name: "ascending", f"-{name}": "descending"}.get(current, ""),
                "query": self.query(sort=f"-{name}" if current == name else name),
            }
            for name, label in (("name", "Name"), ("id", "Employee ID"))
        ]

    def query(self, **changes: object) -> str:
        """Return the query of the first page of the table with some of it changed."""
        return self._query(dict.fromkeys(PLACE) | changes)

    @property
    def query_here(self) -> str:
        """The query of the current page; empty if every parameter has its default."""
        return self._query({}).removesuffix("?")

    @property
    def query_first(self) -> str:
        """The query of the first page."""
        return self.query()

    @property
    def query_inactive(self) -> str:
        """The query that toggles whether inactive people are shown."""
        return self.query(inactive=not self.params["inactive"])

    @property
    def query_show(self) -> str:
        """The query that toggles whether only the selected are shown."""
        return self.query(show="" if self.params["show"] else "selected")

    @property
    def query_unfiltered(self) -> str:
        """The query without search text and filters."""
        facets = {name: "" for each in self.active_filters for name in each.parameters}
        return self.query(q="", has="", due_before="", **facets)

    def _facet_chips(self, control: FacetControl) -> Iterator[dict[str, str]]:
        chosen, label = control.chosen, control.chosen.facet.label
        if 0 < len(chosen.values) <= MAX_SHOWN:
            for value in chosen.values:
                others = [other for other in chosen.values if other != value]
                without = self.query(**{chosen.name: others})
                yield {"label": label, "value": value, "without": without}
        elif chosen.is_active:
            without = self.query(**dict.fromkeys(chosen.parameters))
            yield {"label": label, "value": control.summary, "without": without}

    def _query(self, changes: dict[str, object]) -> str:
        query = QueryDict(mutable=True)
        for name, value in self._parts(changes):
            query.appendlist(name, value)
        return f"?{query.urlencode()}"

    def _parts(self, changes: dict[str, object]) -> list[tuple[str, str]]:
        facets = {
            name: value for each in self.facet_filters for name, value in each.parameters.items()
        }
        parts = {**self.params, **facets, **changes}
        return [
            (name, "1" if value is True else str(value))
            for name, values in parts.items()
            for value in (values if isinstance(values, list | tuple) else (values,))
            if value
        ]
