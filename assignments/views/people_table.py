"""The table of people with search, filters, order and pages, for picking and for listing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.http import QueryDict

from assignments.forms.assign import HOLDER_FILTERS, SORT_COLUMNS, PeopleForm
from assignments.queries import directory, facet_values, keyset
from assignments.queries.account_scope import exclude_accounts
from assignments.views.query_params import LONGEST

if TYPE_CHECKING:
    from uuid import UUID

    from assignments.models import Facet, Learner

if TYPE_CHECKING:
    pass

FACET: Final = "f."
PLACE: Final = ("after", "before", "first")
LABELS: Final = dict(HOLDER_FILTERS)


@dataclass(slots=True)
class PersonRow:
    """A person as a row of the table.

    :ivar values: the person's values of the facets that are columns, in their order
    :ivar is_picked: whether the person is picked in the draft
    :ivar status: the status in which the person has one of the picked items, or None
    :ivar due_at: when that is due, in UTC
    """

    learner: Learner
    values: list[str]
    is_picked: bool = False
    status: str | None = None
    due_at: datetime | None = None

    def __str__(self) -> str:
        return str(self.learner)


class PeopleTable:
    """The people that match a query, computed when the template asks for them.

    :param account_pk: only the people of this account; None for all accounts
    :param picked_in: the id of the draft in which the people can be picked, if any
    :param content_pks: the picked items, by whose holders the table can be filtered
    :param closed: StackOne ids of accounts whose people are not shown
    """

    def __init__(
        self,
        data: QueryDict,
        *,
        account_pk: int | None,
        with_inactive: bool = False,
        picked_in: UUID | None = None,
        content_pks: tuple[int, ...] = (),
        closed: Collection[str] = (),
    ) -> None:
        self._data = data
        self._account_pk = account_pk
        self._with_inactive = with_inactive
        self._picked_in = picked_in
        self._content_pks = content_pks
        self._closed = closed

    @cached_property
    def params(self) -> dict[str, Any]:  # as `cleaned_data`, which has no types
        """The cleaned query parameters: q, inactive, show, has, sort, by and the place."""
        terms = PeopleForm(self._data).values()
        return terms if self._content_pks else terms | {"has": ""}

    @cached_property
    def chosen(self) -> dict[str, str]:
        """The chosen value of each facet that filters, by the facet's path."""
        values = {
            facet.path: self._data.get(FACET + facet.path, "").replace("\0", "")
            for facet in self.facets
        }
        return {path: value[:LONGEST] for path, value in values.items() if value}

    @cached_property
    def facets(self) -> list[Facet]:
        """The facets of the account."""
        return facet_values.facets(self._account_pk)

    @property
    def columns(self) -> list[Facet]:
        """The facets that are also columns."""
        return self.facets[: facet_values.COLUMNS]

    @cached_property
    def choices(self) -> list[facet_values.FacetChoice]:
        """The facets with the values to choose from."""
        return facet_values.choices(self.facets, self.chosen)

    @property
    def holding(self) -> tuple[tuple[str, str], ...]:
        """The choices of the filter by who has the picked items; none if no item is picked."""
        return HOLDER_FILTERS if self._content_pks else ()

    @cached_property
    def matching(self) -> QuerySet[Learner]:
        """The people who match the query."""
        return self._matching(self._picked_in if self.params["show"] else None)

    @property
    def unpicked_matching(self) -> QuerySet[Learner]:
        """The people who match the filter, picked or not."""
        return self._matching(None)

    @property
    def filter(self) -> str:
        """The query without order and page, as an audience stores it."""
        return self.query(show="", by="", sort="").removeprefix("?")

    @property
    def picked_matching(self) -> int:
        """How many of the picked people match."""
        return self._matching(self._picked_in).count()

    @cached_property
    def sheet(self) -> keyset.KeysetPage[PersonRow]:
        """The current page, with each person's values of the columns."""
        place = keyset.PagePosition(**{name: self.params[name] for name in PLACE})
        sheet = keyset.keyset_page(
            self.matching, place=place, by=SORT_COLUMNS[self.params["sort"] or "name"]
        )
        paths = [facet.path for facet in self.columns]
        values = facet_values.facet_texts([learner.pk for learner in sheet.rows], paths)
        return sheet.with_rows(
            PersonRow(learner, [values.get(learner.pk, {}).get(path, "") for path in paths])
            for learner in sheet.rows
        )

    @property
    def is_filtered(self) -> bool:
        """Whether the query has more than an order and a page."""
        return bool(self.params["q"] or self.params["has"] or self.params["show"] or self.chosen)

    @property
    def chips(self) -> list[dict[str, str]]:
        """The active filters, each with the query without it."""
        labels = {facet.path: facet.label for facet in self.facets}
        chips = [
            {"label": labels[path], "value": value, "without": self.query(**{FACET + path: ""})}
            for path, value in self.chosen.items()
        ]
        if has := self.params["has"]:
            chips.append({"label": "", "value": LABELS[has], "without": self.query(has="")})
        return chips

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        """The hidden fields with which a form gets the same page of the table back."""
        return self._parts({})

    @property
    def search_hidden_fields(self) -> list[tuple[str, str]]:
        """The hidden fields of the search form, for parameters that it has no visible field for."""
        hidden = ("inactive", "show", "account", "sort")
        return [
            (name, value) for name, value in self._parts(dict.fromkeys(PLACE)) if name in hidden
        ]

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
        """The query of the current page."""
        return self._query({})

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
        return self.query(q="", has="", **dict.fromkeys((FACET + path for path in self.chosen), ""))

    @property
    def query_previous(self) -> str:
        """The query of the previous page, or ""."""
        return self._at(self.sheet.previous)

    @property
    def query_next(self) -> str:
        """The query of the next page, or ""."""
        return self._at(self.sheet.following)

    def _matching(self, picked_in: UUID | None) -> QuerySet[Learner]:
        holding = directory.HoldingFilter(self.params["has"], self._content_pks)
        people = directory.people(
            account_pk=self._account_pk,
            words=self.params["q"] or "",
            with_inactive=self._with_inactive or bool(self.params["inactive"]),
            picked_in=picked_in,
            values=facet_values.value_pks(self._account_pk, self.chosen) if self.chosen else (),
            holding=holding if holding.how else None,
        )
        return exclude_accounts(people, self._closed)

    def _at(self, place: keyset.PagePosition | None) -> str:
        return "" if place is None else self.query(**place.parts())

    def _query(self, changes: dict[str, object]) -> str:
        query = QueryDict(mutable=True)
        query.update(dict(self._parts(changes)))
        return f"?{query.urlencode()}"

    def _parts(self, changes: dict[str, object]) -> list[tuple[str, str]]:
        fields = {FACET + path: value for path, value in self.chosen.items()}
        parts = {**self.params, **fields, **changes}
        return [
            (name, "1" if value is True else str(value)) for name, value in parts.items() if value
        ]
