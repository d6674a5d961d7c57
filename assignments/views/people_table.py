"""The table of people with its search, filters, order and pages, for the picker and the list."""

from collections.abc import Collection
from functools import cached_property
from typing import Any, Final

from django.http import QueryDict

from assignments.forms.assign import HOLDING, SORTS, PeopleForm
from assignments.queries import directory, facet_values, keyset
from assignments.queries.account_scope import without
from assignments.views.query_params import LONGEST

FACET: Final = "f."
PLACE: Final = ("after", "before", "first")
LABELS: Final = dict(HOLDING)


class PeopleTable:
    """What a query asks for and what is found, worked out only when the template asks.

    :param account_pk: only the people of this account, or of all
    :param picked_in: the draft in which the people can be picked, if any
    :param content_pks: the items whose holders are told apart
    :param closed: the accounts whose people are not shown
    """

    def __init__(
        self,
        data: QueryDict,
        *,
        account_pk: int | None,
        with_inactive: bool = False,
        picked_in: Any = None,
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
    def asked(self) -> dict[str, Any]:
        """What the form of the table says: words, inactive, show, has, sort and place."""
        terms = PeopleForm(self._data).terms()
        return terms if self._content_pks else terms | {"has": ""}

    @cached_property
    def chosen(self) -> dict[str, str]:
        """The chosen value of each field that filters."""
        asked = {
            facet.path: self._data.get(FACET + facet.path, "").replace("\0", "")
            for facet in self.facets
        }
        return {path: value[:LONGEST] for path, value in asked.items() if value}

    @cached_property
    def facets(self) -> list[Any]:
        """The facets of the account."""
        return facet_values.facets(self._account_pk)

    @property
    def columns(self) -> list[Any]:
        """The facets that are columns, too."""
        return self.facets[: facet_values.COLUMNS]

    @cached_property
    def choices(self) -> list[facet_values.Choice]:
        """The facets with the values to choose from."""
        return facet_values.choices(self.facets, self.chosen)

    @property
    def holding(self) -> tuple[tuple[str, str], ...]:
        """The ways in which people may stand to the picked items, if there are any."""
        return HOLDING if self._content_pks else ()

    @cached_property
    def matching(self) -> Any:
        """The people whom the search finds."""
        return self._found(self._picked_in if self.asked["show"] else None)

    @property
    def unpicked_matching(self) -> Any:
        """The people whom the filter finds, picked or not."""
        return self._found(None)

    @property
    def filter(self) -> str:
        """The query without the place in the table, as an audience keeps it."""
        return self.query(show="", by="", sort="").removeprefix("?")

    @property
    def picked_matching(self) -> int:
        """How many of those who are picked match, too."""
        return int(self._found(self._picked_in).count())

    @cached_property
    def sheet(self) -> keyset.Sheet[Any]:
        """The page that is shown, with what each person has in the columns."""
        place = keyset.Place(**{name: self.asked[name] for name in PLACE})
        found = keyset.sheet(self.matching, place=place, by=SORTS[self.asked["sort"] or "name"])
        pks = [learner.pk for learner in found.rows]
        said = facet_values.values_of(pks, [facet.path for facet in self.columns])
        for learner in found.rows:
            own = said.get(learner.pk, {})
            learner.said = [own.get(facet.path, "") for facet in self.columns]
        return found

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the order and the page is asked for."""
        return bool(self.asked["q"] or self.asked["has"] or self.asked["show"] or self.chosen)

    @property
    def chips(self) -> list[dict[str, str]]:
        """The filters in use, each with the query that leaves it out."""
        labels = {facet.path: facet.label for facet in self.facets}
        chips = [
            {"label": labels[path], "value": value, "without": self.query(**{FACET + path: ""})}
            for path, value in self.chosen.items()
        ]
        if self.asked["has"]:
            chips.append(
                {"label": "", "value": LABELS[self.asked["has"]], "without": self.query(has="")}
            )
        return chips

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What a form must send along so that the same page comes back."""
        return self._parts({})

    @property
    def kept_unseen(self) -> list[tuple[str, str]]:
        """What the form of the search must send along because it has no field for it."""
        unseen = ("inactive", "show", "sort")
        return [(name, value) for name, value in self._parts(_nowhere()) if name in unseen]

    @property
    def sorts(self) -> list[dict[str, str]]:
        """The columns of the order, each with its state and the query that turns it."""
        now = self.asked["sort"] or "name"
        return [
            {
                "name": name,
                "label": label,
                "state": {name: "ascending", f"-{name}": "descending"}.get(now, ""),
                "query": self.query(sort=f"-{name}" if now == name else name),
            }
            for name, label in (("name", "Name"), ("id", "Employee ID"))
        ]

    def query(self, **changes: object) -> str:
        """Return the query of the first page of the table with some of it changed."""
        return self._query(_nowhere() | changes)

    @property
    def query_here(self) -> str:
        """The query of this page."""
        return self._query({})

    @property
    def query_inactive(self) -> str:
        """The query with inactive people shown or not, the other way round."""
        return self.query(inactive=not self.asked["inactive"])

    @property
    def query_show(self) -> str:
        """The query with only the selected shown or not, the other way round."""
        return self.query(show="" if self.asked["show"] else "selected")

    @property
    def query_unfiltered(self) -> str:
        """The query without words and filters."""
        fields = {FACET + path: "" for path in self.chosen}
        return self.query(q="", has="", **fields)

    @property
    def query_previous(self) -> str:
        """The query of the page before, or ""."""
        return self._at(self.sheet.previous)

    @property
    def query_next(self) -> str:
        """The query of the page after, or ""."""
        return self._at(self.sheet.following)

    def _found(self, picked_in: Any) -> Any:
        holding = directory.Holding(self.asked["has"], self._content_pks)
        found = directory.people(
            account_pk=self._account_pk,
            words=self.asked["q"] or "",
            with_inactive=self._with_inactive or bool(self.asked["inactive"]),
            picked_in=picked_in,
            values=facet_values.value_pks(self._account_pk, self.chosen) if self.chosen else (),
            holding=holding if holding.how else None,
        )
        return without(found, self._closed)

    def _at(self, place: keyset.Place | None) -> str:
        return "" if place is None else self.query(**place.parts())

    def _query(self, changes: dict[str, object]) -> str:
        query = QueryDict(mutable=True)
        query.update(dict(self._parts(changes)))
        return f"?{query.urlencode()}"

    def _parts(self, changes: dict[str, object]) -> list[tuple[str, str]]:
        fields = {FACET + path: value for path, value in self.chosen.items()}
        asked = {**self.asked, **fields, **changes}
        return [
            (name, "1" if value is True else str(value)) for name, value in asked.items() if value
        ]


def _nowhere() -> dict[str, object]:
    return dict.fromkeys(PLACE)
