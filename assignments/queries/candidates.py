"""Candidates of a search for people: the ids that an index returns, if they are few.

The query planner cannot estimate how many people match a word or value. So each index is asked for
`MAX_CANDIDATES` + 1 ids. If it returns fewer, only these rows are read; if not, so many people
match that reading in the order of names finds the first page quickly.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from django.db.models import Model, QuerySet

from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import GRAM_LENGTH, LEARNERS

MAX_CANDIDATES: Final = 4_000
MAX_WORDS: Final = 12


def search_words(text: str) -> list[str]:
    """Return the folded words of a search, at most `MAX_WORDS`."""
    return fold(text.replace("\0", "")).split()[:MAX_WORDS]


def candidate_ids(
    words: Sequence[str], sources: "Iterable[QuerySet[Model, int]]"
) -> list[int] | None:
    """Return ids that include all matching people; None if every source has too many.

    :param sources: queries of learner ids, each of which includes all matching people
    """
    for ids in _id_lists(words, sources):
        if len(ids) <= MAX_CANDIDATES:
            return ids
    return None


def _id_lists(
    words: Sequence[str], sources: "Iterable[QuerySet[Model, int]]"
) -> Iterator[list[int]]:
    indexed = [word for word in words if len(word) >= GRAM_LENGTH]
    if indexed:
        yield LEARNERS.rows_with(indexed, MAX_CANDIDATES + 1)
    for source in sources:
        yield list(source[: MAX_CANDIDATES + 1])
