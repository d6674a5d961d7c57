"""Queries on the tables of the product from outside, on both engines."""

import sqlite3
from contextlib import closing
from typing import Any

import psycopg

MOVING = (
    "(state IN ('planned', 'queued', 'sending') OR state = 'unknown' AND read_back_at IS NOT NULL)"
)


class Tables:
    """Queries a database over its own connections."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return every row of the result."""
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=20)) as database:
                return database.execute(query).fetchall()
        with psycopg.connect(self._url) as server:
            return server.execute(query.encode()).fetchall()

    def value(self, query: str) -> Any:
        """Return the single value of the result."""
        return self.rows(query)[0][0]

    def change(self, statement: str) -> None:
        """Run a statement that changes data."""
        if self._url.startswith("sqlite"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(path, timeout=20)) as database, database:
                database.execute(statement)
            return
        with psycopg.connect(self._url) as server:
            server.execute(statement.encode())

    def count(self, which: str) -> int:
        """Return how many assignments match an SQL condition."""
        return int(self.value(f"SELECT COUNT(*) FROM assignments_assignment WHERE {which}"))
