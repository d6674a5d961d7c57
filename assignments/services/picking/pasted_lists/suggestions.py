"""Who may have been meant by a word that names nobody: slips of the keyboard and of the eye."""

import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from assignments.models import Learner
from assignments.services.picking.pasted_lists.people_lookup import Person, of_pks

MOST: Final = 25
CLOSE_ENOUGH: Final = 85.0
LONGEST: Final = 100
FEWEST_DIGITS: Final = 4
_LETTERS: Final = dict(zip(map(ord, string.ascii_lowercase), string.ascii_uppercase, strict=True))
_NOTHING: Final = dict.fromkeys(map(ord, f"{string.punctuation} \t\r"))
_LOOKS: Final = _LETTERS | _NOTHING | str.maketrans("OoIiLl|", "0011111")
_DIGITS: Final = dict.fromkeys(map(ord, string.ascii_letters)) | _NOTHING


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Who may have been meant, and what of them resembles the word."""

    person: Person
    key: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Near:
    word: str
    pk: int
    key: str
    note: str = ""


def suggestions(*, account_pk: int, words: Iterable[str]) -> dict[str, Suggestion]:
    """Return for the first few of the words who may have been meant, if anybody is near.

    Addresses are compared letter by letter. An id one digit off is another person's, so ids are
    compared by what the eye confuses: O and 0, l and 1, dashes, a prefix left out.
    """
    asked = [word for word in dict.fromkeys(words) if len(word) <= LONGEST][:MOST]
    active = Learner.objects.filter(account=account_pk, is_active=True).order_by()
    addresses = [word for word in asked if "@" in word]
    ids = [word for word in asked if "@" not in word]
    near: list[_Near] = []
    if addresses:
        emails = active.exclude(email="").values_list("pk", "email")
        near += _addressed(addresses, list(emails.iterator(chunk_size=10_000)))
    if ids:
        keys = active.values_list("pk", "external_reference", "remote_id")
        near += _numbered(ids, list(keys.iterator(chunk_size=10_000)))
    people = of_pks(one.pk for one in near)
    return {one.word: Suggestion(people[one.pk], one.key, one.note) for one in near}


def _addressed(words: list[str], people: list[tuple[int, str]]) -> Iterator[_Near]:
    emails = [email.lower() for _, email in people]
    for word in words:
        best = process.extractOne(
            word.lower(), emails, scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH
        )
        if best:
            yield _Near(word, *people[best[2]])


def _numbered(words: list[str], people: list[tuple[int, str, str]]) -> Iterator[_Near]:
    ids = [(pk, key) for pk, *keys in people for key in dict.fromkeys(keys) if key]
    alike = _alone(words, ids, _look)
    same = _alone([word for word in words if word.isdigit()], ids, _number)
    for word in words:
        if word in alike:
            yield _Near(word, *alike[word], "looks the same")
        elif word in same and len(_number(word)) >= FEWEST_DIGITS:
            yield _Near(word, *same[word], "the same number")


def _alone(
    words: list[str], ids: list[tuple[int, str]], form: Callable[[str], str]
) -> dict[str, tuple[int, str]]:
    """Return, for each word whose form just one person's id has, that id and whose it is."""
    # All of them in one text, which is a hundred times faster than one by one.
    forms = form("\n".join(key.replace("\n", "") for _, key in ids)).split("\n")
    wanted = {form(word) for word in words} - {""}
    owners: dict[str, list[tuple[int, str]]] = {}
    for shape, owner in zip(forms, ids, strict=True):
        if shape in wanted:
            owners.setdefault(shape, []).append(owner)
    only = {shape: several[0] for shape, several in owners.items() if len(several) == 1}
    return {word: only[form(word)] for word in words if form(word) in only}


def _look(text: str) -> str:
    return text.translate(_LOOKS)


def _number(text: str) -> str:
    return text.translate(_DIGITS)
