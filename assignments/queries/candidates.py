"""Finding the few people who can match, where an index knows them; otherwise everybody may.

A database cannot know how many people a word or a value leaves. So each index is asked for a
few more ids than are few: if it has no more, only these need to be looked at; if it has, so many
people match that the first page is found at once in the order of names.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from django.db.models import QuerySet

from assignments.models.sql.text_folding import folded
from assignments.models.sql.trigram_index import GRAM, LEARNERS

FEW: Final = 4_000
MOST_WORDS: Final = 12


def words_of(text: str) -> list[str]:
    """Return the words of a search as they are compared."""
    return folded(text.replace("\0", "")).split()[:MOST_WORDS]


def few(words: Sequence[str], sources: "Iterable[QuerySet[Any, int]]") -> list[int] | None:
    """Return the ids among which everybody who matches is, or None if they are not few.

    :param sources: queries of people's ids; everybody who matches is in each of them
    """
    for ids in _asked(words, sources):
        if len(ids) <= FEW:
            return ids
    return None


def _asked(words: Sequence[str], sources: "Iterable[QuerySet[Any, int]]") -> Iterator[list[int]]:
    long = [word for word in words if len(word) >= GRAM]
    if long:
        yield LEARNERS.rows_with(long, FEW + 1)
    for source in sources:
        yield list(source[: FEW + 1])
