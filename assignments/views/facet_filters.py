"""Filters of people by a facet: chosen values or a range of days, parsed from a query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Self

from django.http import QueryDict

from assignments.queries import facet_values
from assignments.queries.formatting import short_day
from assignments.views.query_params import LONGEST

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from assignments.models import Facet, LearnerFacet

VALUE: Final = "f."
SINCE: Final = "from."
UNTIL: Final = "to."
# Of more values than these, only the number is shown.
MAX_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class FacetFilter:
    """A facet, and what the query says about it.

    :ivar values: the chosen values, of which a person must have at least one
    :ivar since: first day, of a facet whose values are dates
    :ivar until: last day
    """

    facet: Facet
    values: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    @classmethod
    def from_query(cls, facet: Facet, data: QueryDict) -> Self:
        """Parse the parameters of a facet; invalid ones are left out."""
        if facet.is_date:
            since, until = (_day(data.get(name + facet.path, "")) for name in (SINCE, UNTIL))
            return cls(facet, since=since, until=until)
        texts = [text.replace("\0", "")[:LONGEST] for text in data.getlist(VALUE + facet.path)]
        return cls(facet, tuple(dict.fromkeys(filter(None, texts))))

    @property
    def name(self) -> str:
        """The query parameter of the values."""
        return VALUE + self.facet.path

    @property
    def since_name(self) -> str:
        """The query parameter of the first day."""
        return SINCE + self.facet.path

    @property
    def until_name(self) -> str:
        """The query parameter of the last day."""
        return UNTIL + self.facet.path

    @property
    def parameters(self) -> dict[str, object]:
        """The query parameters, with empty ones."""
        if self.facet.is_date:
            return {self.since_name: self.since, self.until_name: self.until}
        return {self.name: self.values}

    @property
    def is_active(self) -> bool:
        """Whether the query filters by the facet."""
        return any(self.parameters.values())

    @property
    def days(self) -> str:
        """The range of days in words, or ""."""
        limits = (("from", self.since), ("until", self.until))
        return " ".join(f"{word} {short_day(day)}" for word, day in limits if day)

    def summary(self, number_of_values: int) -> str:
        """Return what is chosen: the values or days, "8 of 12" for many values, or "all"."""
        if len(self.values) > MAX_SHOWN:
            return f"{len(self.values)} of {max(number_of_values, len(self.values))}"
        return self.days or ", ".join(self.values) or "all"

    def learner_ids(self, account_pk: int | None) -> QuerySet[LearnerFacet, int]:
        """Return the ids of the people who pass."""
        path = self.facet.path
        if self.facet.is_date:
            return facet_values.learners_in_range(account_pk, path, self.since, self.until)
        return facet_values.learners_with_values(account_pk, path, self.values)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
