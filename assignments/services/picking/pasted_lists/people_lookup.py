"""Look people up by e-mail, employee ID or LMS ID, whatever their case and dashes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from django.db.models import IntegerField, Q
from django.db.models.functions import Cast

from assignments.models import Learner
from assignments.services.picking.identifier_forms import (
    comparable,
    identifier_forms,
    lower_spellings,
    matching_keys,
)

NO_MATCH: Final = "Nobody has this e-mail, employee ID or LMS ID."
MAX_NAMED: Final = 3
_COLUMNS: Final = ("pk", "name", "email", "external_reference", "remote_id")


class MatchStatus(StrEnum):
    """Whether an identifier belongs to one active person, an inactive one, or no single one."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNMATCHED = "unmatched"


class Person(NamedTuple):
    """A person of the directory with everything that identifies them in a list."""

    pk: int
    name: str
    email: str
    external_reference: str
    remote_id: str
    is_active: int = 1

    def __str__(self) -> str:
        return self.name or self.email or self.remote_id

    @property
    def identifiers(self) -> tuple[str, ...]:
        """E-mail, employee ID and LMS ID, in this order, without empty ones."""
        return tuple(filter(None, (self.email, self.external_reference, self.remote_id)))


@dataclass(frozen=True, slots=True)
class Match:
    """The person an identifier belongs to.

    Unless that is one active person, `problem` says why not; `candidates` are the active people
    who share the identifier.
    """

    status: MatchStatus
    person: Person | None = None
    problem: str = ""
    candidates: tuple[Person, ...] = ()


class PeopleLookup:
    """Finds people of an account by identifier; all identifiers are read in one query."""

    def __init__(self, account_pk: int, identifiers: Iterable[str]) -> None:
        self._by_key: defaultdict[str, list[Person]] = defaultdict(list)
        identifiers = set(identifiers)
        wanted = matching_keys(identifiers)
        for person in _matching_people(account_pk, identifiers):
            for key in wanted.intersection(map(comparable, person.identifiers)):
                self._by_key[key].append(person)

    def find(self, identifier: str) -> Match:
        """Return the person an identifier belongs to.

        Case matters only if the identifiers of several people differ by case alone. An active
        person takes precedence over inactive ones, as when somebody returns to the company.
        """
        forms = identifier_forms(identifier)
        keys = (key for form in forms if (key := comparable(form)) in self._by_key)
        same_key = self._by_key.get(next(keys, ""), [])
        if not same_key:
            return Match(MatchStatus.UNMATCHED, problem=NO_MATCH)
        people = [p for p in same_key if not set(forms).isdisjoint(p.identifiers)] or same_key
        active = [person for person in people if person.is_active]
        if len(active) > 1:
            problem = _ambiguity(active)
            return Match(MatchStatus.UNMATCHED, problem=problem, candidates=tuple(active))
        if active:
            return Match(MatchStatus.ACTIVE, person=active[0])
        problem = f"{people[0]} is inactive in the LMS."
        return Match(MatchStatus.INACTIVE, person=people[0], problem=problem)


def people_by_pk(pks: Iterable[int]) -> dict[int, Person]:
    """Return people by primary key."""
    learners = Learner.objects.filter(pk__in=list(pks))
    return {row[0]: Person(*row) for row in learners.values_list(*_COLUMNS)}


def unique_identifier(learner: Learner) -> str:
    """Return the e-mail or ID of a person that belongs to nobody else."""
    fields = (learner.email, learner.external_reference, learner.remote_id)
    identifiers = list(filter(None, fields))
    lookup = PeopleLookup(learner.account_id, identifiers)
    matches = ((identifier, lookup.find(identifier).person) for identifier in identifiers)
    return next((key for key, person in matches if person and person.pk == learner.pk), fields[-1])


def _matching_people(account_pk: int, identifiers: Iterable[str]) -> Iterator[Person]:
    needles = lower_spellings(identifiers)
    if not needles:
        return iter(())
    named = Q(email__lower__in_list=needles)
    named |= Q(external_reference__lower__in_list=needles) | Q(remote_id__lower__in_list=needles)
    # Read as integers: on SQLite Django converts every boolean in a Python call of its own.
    active = Cast("is_active", IntegerField())
    rows = Learner.objects.filter(named, account=account_pk).order_by("pk")
    return map(Person._make, rows.values_list(*_COLUMNS, active).iterator(chunk_size=5_000))


def _ambiguity(people: list[Person]) -> str:
    names = ", ".join(
        f"{person} ({person.external_reference or person.remote_id})"
        for person in people[:MAX_NAMED]
    )
    more = f" and {len(people) - MAX_NAMED:,} more" if len(people) > MAX_NAMED else ""
    count = len(people)
    return f"It matches {count:,} people: {names}{more}. Use an ID that only one of them has."
