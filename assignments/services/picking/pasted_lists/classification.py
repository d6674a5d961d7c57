"""Sorting the words of a list: who is found, who twice, who is inactive, and what is nobody's."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from assignments.services.picking.pasted_lists.people_lookup import Fit, People, Person
from assignments.services.picking.pasted_lists.tokens import Token


@dataclass(frozen=True, slots=True)
class Miss:
    """A word that adds nobody, and why."""

    token: Token
    problem: str
    several: tuple[Person, ...] = ()


@dataclass(slots=True)
class Sorted:
    """What became of each word; the four parts add up to what was given."""

    found: list[int] = field(default_factory=list)
    twice: list[Token] = field(default_factory=list)
    inactive: list[Miss] = field(default_factory=list)
    missing: list[Miss] = field(default_factory=list)

    @property
    def given(self) -> int:
        """How many words the list has."""
        return len(self.found) + len(self.twice) + len(self.inactive) + len(self.missing)

    @property
    def rest(self) -> list[Miss]:
        """Everything that adds nobody, in the order of the list."""
        return sorted([*self.inactive, *self.missing], key=lambda miss: miss.token.start)


def sort(words: Iterable[Token], people: People) -> Sorted:
    """Sort each word into one of four; whoever or whatever was there before is there twice."""
    result, seen = Sorted(), set[int | str]()
    for token in words:
        answer = people.named(token.text)
        key = answer.person.pk if answer.person else token.text.casefold()
        miss = Miss(token, answer.problem, answer.several)
        if key in seen:
            result.twice.append(token)
        elif answer.fit is Fit.NOT_FOUND:
            result.missing.append(miss)
        elif answer.fit is Fit.INACTIVE:
            result.inactive.append(miss)
        elif answer.person:
            result.found.append(answer.person.pk)
        seen.add(key)
    return result
