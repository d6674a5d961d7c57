"""The table of people with search, filters, order and pages, for picking and for listing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, override

from django.db.models import QuerySet
from django.http import QueryDict

from assignments.forms.assign import SORT_COLUMNS
from assignments.queries import directory, facet_counts, facet_values, keyset
from assignments.queries.account_scope import exclude_accounts
from assignments.queries.formatting import short_day
from assignments.views.facet_filters import FacetFilter
from assignments.views.people_query import PLACE, PeopleQuery
from assignments.views.query_params import LONGEST

if TYPE_CHECKING:
    from uuid import UUID

    from assignments.models import Facet, Learner

# A list of so many values is looked through at a glance.
FEWEST_TO_SEARCH: Final = 12


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


@dataclass(frozen=True, slots=True)
class FacetList:
    """The values of a facet that can be chosen, each with its number of people.

    :ivar words: text by which the values are searched
    :ivar more: how many values are not listed
    """

    chosen: FacetFilter
    values: list[tuple[str, int]]
    words: str
    more: int

    @property
    def has_search(self) -> bool:
        """Whether the values are so many that a search among them helps."""
        return bool(self.words) or len(self.values) > FEWEST_TO_SEARCH


class PeopleTable(PeopleQuery):
    """The people that match a query, computed when the template asks for them.

    :param account_pk: only the people of this account; None for all accounts
    :param picked_in: the id of the draft in which the people can be picked, if any
    :param content_pks: the picked items, by whose holders the table can be filtered
    :param closed: StackOne ids of accounts whose people are not shown
    """

    @override
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
        super().__init__(data, account_pk=account_pk, content_pks=content_pks)
        self._with_inactive = with_inactive
        self._picked_in = picked_in
        self._closed = closed

    @property
    def columns(self) -> list[Facet]:
        """The facets that are also columns."""
        return self.facets[: facet_values.COLUMNS]

    @cached_property
    def matching(self) -> QuerySet[Learner]:
        """The people who match the query."""
        return self._matching(self._picked_in if self.params["show"] else None)

    @property
    def unpicked_matching(self) -> QuerySet[Learner]:
        """The people who match the filter, picked or not."""
        return self._matching(None)

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
            PersonRow(
                learner, [_shown(facet, values.get(learner.pk, {})) for facet in self.columns]
            )
            for learner in sheet.rows
        )

    @cached_property
    def open_list(self) -> FacetList | None:
        """The values of the facet that the query opens, counted among who passes the others."""
        path = self._data.get("open", "")
        opened = (each for each in self.facet_filters if each.facet.path == path)
        chosen = next(opened, None)
        if chosen is None or chosen.facet.is_date:
            return None
        words = self._data.get("value", "").replace("\0", "").strip()[:LONGEST]
        listed, more = facet_counts.listed_values(self._counts(chosen), chosen.values, words)
        return FacetList(chosen, listed, words, more)

    @property
    def query_previous(self) -> str:
        """The query of the previous page, or ""."""
        return self._at(self.sheet.previous)

    @property
    def query_next(self) -> str:
        """The query of the next page, or ""."""
        return self._at(self.sheet.following)

    @property
    def _has_inactive(self) -> bool:
        return self._with_inactive or bool(self.params["inactive"])

    def _counts(self, chosen: FacetFilter) -> Counter[str]:
        values = facet_values.values_of(self._account_pk, [chosen.facet.path])
        values = exclude_accounts(values, self._closed, by="facet__account")
        has_others = any(other is not chosen for other in self.active_filters)
        terms = self.params
        if has_others or terms["q"] or terms["has"] or terms["show"]:
            picked_in = self._picked_in if terms["show"] else None
            return facet_counts.counts_among(values, self._matching(picked_in, besides=chosen))
        if self._has_inactive:
            return facet_counts.counts_of_all(values)
        return facet_counts.stored_counts(values)

    def _matching(
        self, picked_in: UUID | None, *, besides: FacetFilter | None = None
    ) -> QuerySet[Learner]:
        """Return the people who pass all filters, those of one facet left out of account."""
        terms = self.params
        holding = directory.HoldingFilter(terms["has"], self._content_pks, terms["due_before"])
        filters = [each for each in self.active_filters if each is not besides]
        people = directory.people(
            account_pk=self._account_pk,
            words=terms["q"] or "",
            with_inactive=self._has_inactive,
            picked_in=picked_in,
            with_values=[each.learner_ids(self._account_pk) for each in filters],
            holding=holding if holding.how else None,
        )
        return exclude_accounts(people, self._closed)

    def _at(self, place: keyset.PagePosition | None) -> str:
        return "" if place is None else self.query(**place.parts())


def _shown(facet: Facet, texts: Mapping[str, str]) -> str:
    """Return what a person has of a facet, dates as people write them."""
    text = texts.get(facet.path, "")
    is_day = facet.is_date and len(text) == len("2027-01-15")
    return short_day(date.fromisoformat(text)) if is_day else text
