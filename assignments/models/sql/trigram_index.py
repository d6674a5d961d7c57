"""The indexes that find three letters anywhere in a text, and who keeps them.

SQLite: an FTS5 table that triggers keep in step, whoever writes. PostgreSQL: a GIN index of
pg_trgm, which an ordinary owner of the database may install; without it searches read every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from assignments.models.sql.contains import substring_pattern

EXTENSION: Final = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
GRAM: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigrams:
    """The index over `search_text` of one table, whose rows are known by a number."""

    table: str
    key: str
    name: str

    @property
    def by_gin(self) -> str:
        """The statement that makes the index on PostgreSQL."""
        return (
            f"CREATE INDEX IF NOT EXISTS {self.name} ON {self.table} "
            "USING gin (search_text gin_trgm_ops)"
        )

    def is_there(self, connection: BaseDatabaseWrapper) -> bool:
        """Tell whether the index exists."""
        catalogue = {
            "sqlite": "SELECT 1 FROM sqlite_master WHERE name = %s",
            "postgresql": "SELECT 1 FROM pg_indexes WHERE indexname = %s",
        }
        with connection.cursor() as cursor:
            cursor.execute(catalogue[connection.vendor], [self.name])
            return cursor.fetchone() is not None

    def is_exact(self, word: str) -> bool:
        """Tell whether the word is in every row that the index gives for it."""
        return connection.vendor == "postgresql" or len(word) == GRAM

    def rows_with(self, words: Sequence[str], most: int) -> list[int]:
        """Return the numbers of rows in which the words can be, all of them if they are fewer.

        :param words: folded, each of three letters or more
        """
        if connection.vendor == "postgresql":
            return self._by_gin(words, most)
        # Names of our own, never input.
        statement = f"SELECT rowid FROM {self.name} WHERE {self.name} MATCH %s LIMIT %s"  # noqa: S608  # nosec B608
        return _numbers(statement, [_grams(words), most])

    def newest_with(self, word: str, *, before: int, most: int) -> list[int]:
        """Return the largest numbers below `before` of rows in which the word can be, downwards.

        Only for SQLite, whose index goes in the order of rows.
        """
        # Names of our own, never input.
        statement = (
            f"SELECT rowid FROM {self.name} WHERE {self.name} MATCH %s AND rowid < %s "  # noqa: S608  # nosec B608
            "ORDER BY rowid DESC LIMIT %s"
        )
        return _numbers(statement, [_grams([word]), before, most])

    def _by_gin(self, words: Sequence[str], most: int) -> list[int]:
        # Apart from the limit, or PostgreSQL would read the table in the hope of meeting them soon.
        says = " AND ".join(["search_text LIKE %s"] * len(words))
        # Names of our own, never input.
        found = f"SELECT {self.key} FROM {self.table} WHERE {says}"  # noqa: S608  # nosec B608
        statement = f"WITH found AS MATERIALIZED ({found}) TABLE found LIMIT %s"
        return _numbers(statement, [*(substring_pattern(word) for word in words), most])


LEARNERS: Final = Trigrams(table="assignments_learner", key="id", name="learners_by_trigrams")
ENTRIES: Final = Trigrams(table="assignments_logentry", key="seq", name="log_by_trigrams")


def _grams(words: Sequence[str]) -> str:
    """Return what SQLite's index is asked for: every three letters of every word."""
    grams = {word[at : at + GRAM] for word in words for at in range(len(word) - GRAM + 1)}
    return " AND ".join(f'"{gram.replace('"', '""')}"' for gram in sorted(grams))


def _numbers(statement: str, params: Sequence[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [number for (number,) in cursor.fetchall()]
