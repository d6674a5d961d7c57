"""Classify the words of a list: matched, duplicate, inactive or unmatched."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from assignments.services.picking.identifier_forms import comparable
from assignments.services.picking.pasted_lists.people_lookup import (
    MatchStatus,
    PeopleLookup,
    Person,
)
from assignments.services.picking.pasted_lists.tokens import Token


@dataclass(frozen=True, slots=True)
class RejectedWord:
    """A word that adds nobody, the reason, and the people it matches if they are several."""

    token: Token
    problem: str
    candidates: tuple[Person, ...] = ()


@dataclass(slots=True)
class Classification:
    """The words of a list in four groups; each word is in exactly one of them."""

    learner_pks: list[int] = field(default_factory=list)
    duplicates: list[Token] = field(default_factory=list)
    inactive: list[RejectedWord] = field(default_factory=list)
    unmatched: list[RejectedWord] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The number of words in the list."""
        return (
            len(self.learner_pks) + len(self.duplicates) + len(self.inactive) + len(self.unmatched)
        )

    @property
    def not_added(self) -> list[RejectedWord]:
        """Every inactive or unmatched word, in the order of the list."""
        return sorted([*self.inactive, *self.unmatched], key=lambda word: word.token.start)


def classify(tokens: Iterable[Token], lookup: PeopleLookup) -> Classification:
    """Classify each word; a second word for the same person, or the same text, is a duplicate."""
    groups, seen = Classification(), set[int | str]()
    for token in tokens:
        match = lookup.find(token.text)
        key = match.person.pk if match.person else comparable(token.text)
        rejected = RejectedWord(token, match.problem, match.candidates)
        if key in seen:
            groups.duplicates.append(token)
        elif match.status is MatchStatus.UNMATCHED:
            groups.unmatched.append(rejected)
        elif match.status is MatchStatus.INACTIVE:
            groups.inactive.append(rejected)
        elif match.person:
            groups.learner_pks.append(match.person.pk)
        seen.add(key)
    return groups
