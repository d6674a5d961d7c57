"""Add the people of a pasted list to a draft, and explain the words that match nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.models import Draft, Learner
from assignments.services.picking import drafts
from assignments.services.picking.pasted_lists import pasted_tables
from assignments.services.picking.pasted_lists.classification import (
    Classification,
    RejectedWord,
    classify,
)
from assignments.services.picking.pasted_lists.people_lookup import PeopleLookup, unique_identifier
from assignments.services.picking.pasted_lists.suggestions import Suggestion, suggest
from assignments.services.picking.pasted_lists.tokens import (
    Token,
    normalise,
    replace_token,
    tokenise,
)

MAX_WORDS: Final = 50_000
MAX_SHOWN: Final = 100
# So many people are named, so that one whom an e-mail's signature added is seen.
MAX_NAMED: Final = 12


class ListRefused(Exception):
    """Nothing of the list was added; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ListImport:
    """A normalised list, the classification of its words, and suggestions by word.

    :ivar named: the people it names, by name; none if there are more than MAX_NAMED
    """

    text: str
    classification: Classification
    suggestions: Mapping[str, Suggestion]
    named: list[Learner]

    @property
    def shown(self) -> list[tuple[RejectedWord, list[Suggestion]]]:
        """The first MAX_SHOWN unmatched words, each with the people it may mean."""
        return [(word, self._suggestions(word)) for word in self._unmatched[:MAX_SHOWN]]

    @property
    def hidden_count(self) -> int:
        """The number of unmatched words beyond those in `shown`."""
        return max(0, len(self._unmatched) - MAX_SHOWN)

    @property
    def _unmatched(self) -> list[RejectedWord]:
        return self.classification.unmatched

    def _suggestions(self, word: RejectedWord) -> list[Suggestion]:
        candidates = [Suggestion(person, person.identifiers[-1]) for person in word.candidates[:3]]
        suggestion = self.suggestions.get(word.token.text)
        return candidates or ([suggestion] if suggestion else [])


def classify_list(*, account_pk: int, text: str) -> Classification:
    """Classify the words of a list without changing anything.

    :raises ListRefused: if it is empty or has more than MAX_WORDS words
    """
    return _classify(account_pk, normalise(text))


@transaction.atomic
def add_people(*, draft: Draft, text: str, now: datetime) -> ListImport:
    """Select the people of a list in the draft and return the classification of its words.

    :raises ListRefused: if the list is empty or has more than MAX_WORDS words
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    text = normalise(text)
    groups = _classify(draft.account_id, text)
    people = Learner.objects.filter(account=draft.account_id, pk__in_list=groups.learner_pks)
    drafts.pick_matching(draft=draft, people=people, now=now)
    unknown = [word.token.text for word in groups.unmatched if not word.candidates]
    suggestions = suggest(account_pk=draft.account_id, words=unknown)
    named = people.order_by("name", "pk") if len(groups.learner_pks) <= MAX_NAMED else ()
    return ListImport(text, groups, suggestions, list(named))


def replace_word(*, draft: Draft, text: str, start: int, learner_pk: int) -> str:
    """Return the list with the word at offset `start` replaced by an identifier of a person.

    The list is returned unchanged if there is no such word or person.

    :raises ListRefused: if it is not clear which column of pasted rows names the people
    """
    text = normalise(text)
    person = Learner.objects.filter(account=draft.account_id, pk=learner_pk).first()
    words = _tokens(draft.account_id, text)
    token = next((word for word in words if word.start == start), None)
    if person is None or token is None:
        return text
    return replace_token(text, token, unique_identifier(person))


def _classify(account_pk: int, text: str) -> Classification:
    words = _words(account_pk, text)
    return classify(words, PeopleLookup(account_pk, (token.text for token in words)))


def _tokens(account_pk: int, text: str) -> list[Token]:
    """Return the words of a list, or the cells of pasted rows that name a person.

    :raises ListRefused: if it is not clear which column names the people
    """
    separator = pasted_tables.separator_of(account_pk, text)
    if not separator:
        return tokenise(text, limit=MAX_WORDS + 1)
    try:
        return pasted_tables.person_tokens(account_pk, text, separator)
    except pasted_tables.TableRefused as refusal:
        raise ListRefused(str(refusal)) from refusal


def _words(account_pk: int, text: str) -> list[Token]:
    words = _tokens(account_pk, text)
    if not words:
        raise ListRefused("Paste at least one e-mail, employee ID or LMS ID.")
    if len(words) > MAX_WORDS:
        raise ListRefused(f"Paste at most {MAX_WORDS:,} at once, or upload the list as a file.")
    return words
