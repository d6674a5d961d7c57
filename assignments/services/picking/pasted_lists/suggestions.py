"""Suggest people for identifiers that match nobody: typing errors and look-alike characters."""

import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from assignments.models import Learner
from assignments.services.picking.pasted_lists.people_lookup import Person, people_by_pk

MAX_WORDS: Final = 25
# Normalised similarity of two e-mail addresses, in percent.
MIN_SIMILARITY: Final = 85.0
MAX_WORD_LENGTH: Final = 100
MIN_DIGITS: Final = 4
_LETTERS: Final = dict(zip(map(ord, string.ascii_lowercase), string.ascii_uppercase, strict=True))
_PUNCTUATION: Final = dict.fromkeys(map(ord, f"{string.punctuation} \t\r"))
_LOOK_ALIKES: Final = _LETTERS | _PUNCTUATION | str.maketrans("OoIiLl|", "0011111")
_NOT_DIGITS: Final = dict.fromkeys(map(ord, string.ascii_letters)) | _PUNCTUATION


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A person an unmatched word may mean, their similar identifier, and how it is similar."""

    person: Person
    identifier: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Similar:
    word: str
    pk: int
    identifier: str
    note: str = ""


def suggest(*, account_pk: int, words: Iterable[str]) -> dict[str, Suggestion]:
    """Return a person each of the first MAX_WORDS unmatched words may mean, by word.

    E-mail addresses are compared by edit distance. An ID that differs by one digit belongs to
    somebody else, so IDs are compared only by what readers confuse: O and 0, l and 1, dashes, and
    a missing prefix. Words without a similar identifier are left out.
    """
    compared = [word for word in dict.fromkeys(words) if len(word) <= MAX_WORD_LENGTH][:MAX_WORDS]
    active = Learner.objects.filter(account=account_pk, is_active=True).order_by()
    addresses = [word for word in compared if "@" in word]
    ids = [word for word in compared if "@" not in word]
    similar: list[_Similar] = []
    if addresses:
        emails = active.exclude(email="").values_list("pk", "email")
        similar += _similar_emails(addresses, list(emails.iterator(chunk_size=10_000)))
    if ids:
        keys = active.values_list("pk", "external_reference", "remote_id")
        similar += _similar_ids(ids, list(keys.iterator(chunk_size=10_000)))
    people = people_by_pk(each.pk for each in similar)
    return {each.word: Suggestion(people[each.pk], each.identifier, each.note) for each in similar}


def _similar_emails(words: list[str], people: list[tuple[int, str]]) -> Iterator[_Similar]:
    emails = [email.lower() for _, email in people]
    for word in words:
        best = process.extractOne(
            word.lower(), emails, scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY
        )
        if best:
            yield _Similar(word, *people[best[2]])


def _similar_ids(words: list[str], people: list[tuple[int, str, str]]) -> Iterator[_Similar]:
    ids = [(pk, key) for pk, *keys in people for key in dict.fromkeys(keys) if key]
    look_alikes = _unique_matches(words, ids, _without_look_alikes)
    same_digits = _unique_matches([word for word in words if word.isdigit()], ids, _digits)
    for word in words:
        if word in look_alikes:
            yield _Similar(word, *look_alikes[word], "looks the same")
        elif word in same_digits and len(_digits(word)) >= MIN_DIGITS:
            yield _Similar(word, *same_digits[word], "the same number")


def _unique_matches(
    words: list[str], ids: list[tuple[int, str]], reduce: Callable[[str], str]
) -> dict[str, tuple[int, str]]:
    """Return the owner and ID by word, for words whose reduced form only one ID has."""
    # Reducing all IDs as one text is a hundred times faster than one by one.
    reduced_ids = reduce("\n".join(key.replace("\n", "") for _, key in ids)).split("\n")
    wanted = {reduce(word) for word in words} - {""}
    owners: dict[str, list[tuple[int, str]]] = {}
    for reduced, owner in zip(reduced_ids, ids, strict=True):
        if reduced in wanted:
            owners.setdefault(reduced, []).append(owner)
    unique = {reduced: matches[0] for reduced, matches in owners.items() if len(matches) == 1}
    return {word: unique[reduce(word)] for word in words if reduce(word) in unique}


def _without_look_alikes(text: str) -> str:
    return text.translate(_LOOK_ALIKES)


def _digits(text: str) -> str:
    return text.translate(_NOT_DIGITS)
