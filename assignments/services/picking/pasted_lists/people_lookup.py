"""Whom a word names: an e-mail, an employee id or an LMS id, whatever its case."""

import string
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from django.db.models import IntegerField, Q
from django.db.models.functions import Cast

from assignments.models import Learner

NOBODY: Final = "Nobody has this e-mail, employee ID or LMS ID."
MOST_NAMED: Final = 3
_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_COLUMNS: Final = ("pk", "name", "email", "external_reference", "remote_id")


class Fit(StrEnum):
    """What a word turned out to be."""

    FOUND = "found"
    INACTIVE = "inactive"
    NOT_FOUND = "not found"


class Person(NamedTuple):
    """Somebody of the directory, as lists name people."""

    pk: int
    name: str
    email: str
    external_reference: str
    remote_id: str
    is_active: int = 1

    def __str__(self) -> str:
        return self.name or self.email or self.remote_id

    @property
    def keys(self) -> tuple[str, ...]:
        """What names this person, the best first."""
        return tuple(filter(None, (self.email, self.external_reference, self.remote_id)))


@dataclass(frozen=True, slots=True)
class Answer:
    """Whom a word names; without anybody `problem` says why not, and `several` whom it fits."""

    fit: Fit
    person: Person | None = None
    problem: str = ""
    several: tuple[Person, ...] = ()


class People:
    """The people of an account whom some words may name, found in one query."""

    def __init__(self, account_pk: int, words: Iterable[str]) -> None:
        self._by_key: defaultdict[str, list[Person]] = defaultdict(list)
        asked = set(words)
        wanted = {word.casefold() for word in asked}
        for person in _found(account_pk, asked):
            for key in wanted.intersection(key.casefold() for key in person.keys):
                self._by_key[key].append(person)

    def named(self, word: str) -> Answer:
        """Return whom a word names; the case decides only where several differ by nothing else.

        Of several of whom one is active, as after a return to the company, it is that one.
        """
        fitting = self._by_key.get(word.casefold())
        if not fitting:
            return Answer(Fit.NOT_FOUND, problem=NOBODY)
        pool = [person for person in fitting if word in person.keys] or fitting
        active = [person for person in pool if person.is_active]
        if len(active) > 1:
            return Answer(Fit.NOT_FOUND, problem=_fits(active), several=tuple(active))
        if active:
            return Answer(Fit.FOUND, person=active[0])
        return Answer(Fit.INACTIVE, person=pool[0], problem=f"{pool[0]} is inactive in the LMS.")


def of_pks(pks: Iterable[int]) -> dict[int, Person]:
    """Return people by their numbers."""
    learners = Learner.objects.filter(pk__in=list(pks))
    return {row[0]: Person(*row) for row in learners.values_list(*_COLUMNS)}


def _found(account_pk: int, words: Iterable[str]) -> Iterator[Person]:
    needles = {spelling for word in words for spelling in _spellings(word)}
    if not needles:
        return iter(())
    named = Q(email__lower_in_list=needles)
    named |= Q(external_reference__lower_in_list=needles) | Q(remote_id__lower_in_list=needles)
    # A number, because on SQLite each truth value is made by a call of its own.
    active = Cast("is_active", IntegerField())
    rows = Learner.objects.filter(named, account=account_pk).order_by("pk")
    return map(Person._make, rows.values_list(*_COLUMNS, active).iterator(chunk_size=5_000))


def _spellings(word: str) -> tuple[str, ...]:
    # SQLite lowers only the letters of ASCII, so the others are asked for in either case.
    if word.isascii():
        return (word.lower(),)
    return (word.lower(), word.translate(_ASCII_LOWER), word.upper().translate(_ASCII_LOWER))


def _fits(people: list[Person]) -> str:
    named = ", ".join(
        f"{person} ({person.external_reference or person.remote_id})"
        for person in people[:MOST_NAMED]
    )
    more = f" and {len(people) - MOST_NAMED:,} more" if len(people) > MOST_NAMED else ""
    return f"It fits {len(people):,} people: {named}{more}. Use an ID that only one of them has."
