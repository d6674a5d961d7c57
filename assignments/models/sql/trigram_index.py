"""Trigram indexes for substring searches.

SQLite: an FTS5 table that triggers keep up to date. PostgreSQL: a GIN index of the extension
pg_trgm, which the owner of the database may install; without it searches read every row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from assignments.models.sql.contains import substring_pattern
from assignments.models.sql.statements import Sql, format_sql

EXTENSION: Final = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
GRAM_LENGTH: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrigramIndex:
    """The index over `search_text` of a table with integer keys."""

    table: str
    key: str
    name: str

    @property
    def create_gin_sql(self) -> str:
        """The statement that creates the index on PostgreSQL."""
        return format_sql(
            "CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin (search_text gin_trgm_ops)",
            name=self.name,
            table=self.table,
        )

    def exists(self, connection: BaseDatabaseWrapper) -> bool:
        """Return whether the index exists."""
        catalogue = {
            "sqlite": "SELECT 1 FROM sqlite_master WHERE name = %s",
            "postgresql": "SELECT 1 FROM pg_indexes WHERE indexname = %s",
        }
        with connection.cursor() as cursor:
            cursor.execute(catalogue[connection.vendor], [self.name])
            return cursor.fetchone() is not None

    def is_exact(self, word: str) -> bool:
        """Return whether every row that the index returns for the word contains it: no recheck."""
        return connection.vendor == "postgresql" or len(word) == GRAM_LENGTH

    def rows_with(self, words: Sequence[str], limit: int) -> list[int]:
        """Return the keys of at most `limit` rows that may contain all of the words.

        :param words: folded, each of three letters or more
        """
        if connection.vendor == "postgresql":
            return self._by_gin(words, limit)
        template = "SELECT rowid FROM {index} WHERE {index} MATCH %s LIMIT %s"
        return _numbers(format_sql(template, index=self.name), [_grams(words), limit])

    def newest_with(self, word: str, *, before: int, limit: int) -> list[int]:
        """Return the largest keys below `before` of rows that may contain the word, descending.

        Only for SQLite, whose index is in the order of keys.
        """
        statement = format_sql(
            "SELECT rowid FROM {index} WHERE {index} MATCH %s AND rowid < %s "
            "ORDER BY rowid DESC LIMIT %s",
            index=self.name,
        )
        return _numbers(statement, [_grams([word]), before, limit])

    def _by_gin(self, words: Sequence[str], limit: int) -> list[int]:
        # Materialised before the limit, or PostgreSQL would scan the table for the first matches.
        statement = format_sql(
            "WITH matching AS MATERIALIZED (SELECT {key} FROM {table} WHERE {condition}) "
            "TABLE matching LIMIT %s",
            key=self.key,
            table=self.table,
            condition=Sql(" AND ".join(["search_text LIKE %s"] * len(words))),
        )
        return _numbers(statement, [*(substring_pattern(word) for word in words), limit])


LEARNERS: Final = TrigramIndex(table="assignments_learner", key="id", name="learners_by_trigrams")
ENTRIES: Final = TrigramIndex(table="assignments_logentry", key="seq", name="log_by_trigrams")


def _grams(words: Sequence[str]) -> str:
    """Return the FTS5 query for all trigrams of all words."""
    grams = {
        word[at : at + GRAM_LENGTH] for word in words for at in range(len(word) - GRAM_LENGTH + 1)
    }
    return " AND ".join(f'"{gram.replace('"', '""')}"' for gram in sorted(grams))


def _numbers(statement: str, params: Sequence[str | int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [number for (number,) in cursor.fetchall()]
