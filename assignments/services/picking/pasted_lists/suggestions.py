"""Suggest people for identifiers that match nobody: typing errors and look-alike characters."""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from assignments.models import Learner
from assignments.services.picking.identifier_forms import identifier_forms
from assignments.services.picking.pasted_lists.people_lookup import Person, people_by_pk

MAX_WORDS: Final = 25
# Normalised similarity of two e-mail addresses, in percent.
MIN_SIMILARITY: Final = 85.0
MAX_WORD_LENGTH: Final = 100
MIN_DIGITS: Final = 2
_LEADING_ZEROS: Final = re.compile(r"^0+(?=[0-9])", re.MULTILINE)
# An ID with a letter behind a digit, as an LMS makes them at random, is no number with a prefix.
_NO_NUMBER: Final = re.compile(r"^[^0-9\n]*[0-9][^A-Za-z\n]*[A-Za-z][^\n]*", re.MULTILINE)
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
            _plain(word).lower(), emails, scorer=fuzz.ratio, score_cutoff=MIN_SIMILARITY
        )
        if best:
            yield _Similar(word, *people[best[2]])


def _similar_ids(words: list[str], people: list[tuple[int, str, str]]) -> Iterator[_Similar]:
    ids = [(pk, key) for pk, *keys in people for key in dict.fromkeys(keys) if key]
    employee_ids = [(pk, key) for pk, key, _ in people if key]
    look_alikes = _unique_matches(words, ids, _without_look_alikes)
    numbers = [
        word for word in words if _plain(word).isdigit() and len(_digits(word)) >= MIN_DIGITS
    ]
    # A number is more likely that of an employee ID than of an ID that the LMS made.
    same_digits = _unique_matches(numbers, ids, _digits)
    same_digits |= _unique_matches(numbers, employee_ids, _digits)
    for word in words:
        if word in look_alikes:
            yield _Similar(word, *look_alikes[word], "looks the same")
        elif word in same_digits:
            yield _Similar(word, *same_digits[word], "the same number")


def _unique_matches(
    words: list[str], ids: list[tuple[int, str]], reduce: Callable[[str], str]
) -> dict[str, tuple[int, str]]:
    """Return the owner and ID by word, for words whose reduced form only one person has."""
    if not ids:
        return {}
    # Reducing all IDs as one text is a hundred times faster than one by one.
    reduced_ids = reduce("\n".join(key.replace("\n", "") for _, key in ids)).split("\n")
    reduced_words = {word: reduce(_plain(word)) for word in words}
    wanted = set(reduced_words.values()) - {""}
    owners: dict[str, list[tuple[int, str]]] = {}
    for reduced, owner in zip(reduced_ids, ids, strict=True):
        if reduced in wanted:
            owners.setdefault(reduced, []).append(owner)
    unique = {
        reduced: matches[0]
        for reduced, matches in owners.items()
        if len({pk for pk, _ in matches}) == 1
    }
    return {word: unique[key] for word, key in reduced_words.items() if key in unique}


def _plain(word: str) -> str:
    """Return a word without what programs write around identifiers."""
    return identifier_forms(word)[-1]


def _without_look_alikes(text: str) -> str:
    return text.translate(_LOOK_ALIKES)


def _digits(text: str) -> str:
    """Return the number of each line without its prefix, and zeros that spreadsheets drop."""
    return _LEADING_ZEROS.sub("", _NO_NUMBER.sub("", text).translate(_NOT_DIGITS))
