"""A pasted list: whom it names is added to the draft; what it does not find, it explains."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.models import Draft, Learner
from assignments.services.picking import drafts
from assignments.services.picking.pasted_lists.classification import Miss, Sorted, sort
from assignments.services.picking.pasted_lists.people_lookup import People
from assignments.services.picking.pasted_lists.suggestions import Suggestion, suggestions
from assignments.services.picking.pasted_lists.tokens import Token, normal, replaced, tokens

MOST_WORDS: Final = 50_000
MOST_SHOWN: Final = 100


class ListRefused(Exception):
    """Nothing of the list was added; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """A list, what became of each word, and who may have been meant by some."""

    text: str
    sorted: Sorted
    suggested: Mapping[str, Suggestion]

    @property
    def shown(self) -> list[tuple[Miss, list[Suggestion]]]:
        """The first words that were not found, each with who may have been meant."""
        return [(miss, self._meant(miss)) for miss in self.sorted.missing[:MOST_SHOWN]]

    @property
    def hidden(self) -> int:
        """How many more were not found."""
        return max(0, len(self.sorted.missing) - MOST_SHOWN)

    def _meant(self, miss: Miss) -> list[Suggestion]:
        several = [Suggestion(person, person.keys[-1]) for person in miss.several[:3]]
        one = self.suggested.get(miss.token.text)
        return several or ([one] if one else [])


def match(*, account_pk: int, text: str) -> Sorted:
    """Sort the words of a list, which changes nothing.

    :raises ListRefused: if it is empty or longer than what can be matched at once
    """
    return _sorted(account_pk, normal(text))


@transaction.atomic
def add(*, draft: Draft, text: str, now: datetime) -> Pasted:
    """Pick everybody whom the list names, and return what became of each word.

    :raises ListRefused: if the list is empty or too long
    :raises DraftRefused: if there would be more people than a batch can hold
    """
    text = normal(text)
    result = _sorted(draft.account_id, text)
    people = Learner.objects.filter(account=draft.account_id, pk__in_list=result.found)
    drafts.pick_matching(draft=draft, people=people, now=now)
    unknown = [miss.token.text for miss in result.missing if not miss.several]
    suggested = suggestions(account_pk=draft.account_id, words=unknown)
    return Pasted(text, result, suggested)


def corrected(*, draft: Draft, text: str, start: int, learner_pk: int) -> str:
    """Return the list with the word that begins at `start` replaced by what names a person.

    If the word or the person is gone, the list comes back as it was.
    """
    text = normal(text)
    person = Learner.objects.filter(account=draft.account_id, pk=learner_pk).first()
    token = next((found for found in tokens(text, most=MOST_WORDS) if found.start == start), None)
    if person is None or token is None:
        return text
    return replaced(text, token, _unique_name(person))


def _unique_name(learner: Learner) -> str:
    keys = list(filter(None, (learner.email, learner.external_reference, learner.remote_id)))
    people = People(learner.account_id, keys)
    named = ((key, people.named(key).person) for key in keys)
    return next((key for key, one in named if one and one.pk == learner.pk), learner.remote_id)


def _sorted(account_pk: int, text: str) -> Sorted:
    words = _words(text)
    return sort(words, People(account_pk, (token.text for token in words)))


def _words(text: str) -> list[Token]:
    words = tokens(text, most=MOST_WORDS + 1)
    if not words:
        raise ListRefused("Paste at least one e-mail, employee ID or LMS ID.")
    if len(words) > MOST_WORDS:
        raise ListRefused(f"Paste at most {MOST_WORDS:,} at once, or upload the list as a file.")
    return words
