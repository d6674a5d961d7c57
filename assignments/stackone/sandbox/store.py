"""The SQLite file that holds every assignment, seeded or created."""

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from assignments.stackone.sandbox.records import AssignmentRecord

# Seeded assignments have positions below zero, created ones above.
SCHEMA = """
CREATE TABLE IF NOT EXISTS origin (world TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS assignments (
    id TEXT NOT NULL UNIQUE, learner TEXT NOT NULL, content TEXT NOT NULL, status TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, source_status TEXT, progress NUMERIC,
    due_date TEXT, assigned_at TEXT, completed_at TEXT, external_reference TEXT,
    position INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE INDEX IF NOT EXISTS assignments_of_learner ON assignments (learner, content);
"""
INSERT = "INSERT INTO assignments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PAGE = """
SELECT * FROM assignments WHERE position > :after AND created_at <= :visible
AND (:status IS NULL OR status = :status)
AND (:updated_after IS NULL OR updated_at > :updated_after) ORDER BY position LIMIT :limit
"""
PAGE_OF_LEARNER = """
SELECT * FROM assignments WHERE learner = :learner AND position > :after
AND created_at <= :visible AND (:status IS NULL OR status = :status)
AND (:updated_after IS NULL OR updated_at > :updated_after) ORDER BY position LIMIT :limit
"""
DUPLICATES = """
SELECT COALESCE(SUM(times - 1), 0) FROM (
    SELECT COUNT(*) AS times FROM assignments WHERE position > 0 GROUP BY learner, content
)
"""


# Every create runs this, and dataclasses.astuple is ten times slower.
_row = attrgetter(*(column.name for column in fields(AssignmentRecord)))


class UnusableFile(Exception):
    """The given file holds something else."""


class Store:
    """Keeps assignments; what `add` returned from is in the file."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.executescript(SCHEMA)
        except sqlite3.DatabaseError as error:
            raise UnusableFile(f"{path} cannot be used: {error}.") from error
        self._path = path

    def seed(self, world: str, assignments: Iterable[AssignmentRecord]) -> None:
        """Lay down the history of a world, once.

        :raises UnusableFile: the file belongs to another world
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            origin = self._db.execute("SELECT world FROM origin").fetchone()
            if origin is None:
                self._db.execute("INSERT INTO origin VALUES (?)", (world,))
                rows = [_row(assignment) for assignment in assignments]
                numbered = zip(rows, range(-len(rows), 0), strict=True)
                self._db.executemany(INSERT, [(*row[:-1], at) for row, at in numbered])
            elif origin["world"] != world:
                raise UnusableFile(f"{self._path} was made with {origin['world']}, not {world}.")

    def add(self, assignment: AssignmentRecord) -> int:
        """Keep an assignment and return its position."""
        return self._db.execute(INSERT, _row(assignment)).lastrowid or 0

    def page(self, **question: Any) -> list[AssignmentRecord]:
        """Return up to `limit` assignments `after` a position that the filters let through."""
        statement = PAGE_OF_LEARNER if question["learner"] else PAGE
        return [_record(row) for row in self._db.execute(statement, question)]

    def get(self, assignment_id: str, visible: str) -> AssignmentRecord | None:
        """Return the assignment with this id, if it can be seen yet."""
        row = self._db.execute(
            "SELECT * FROM assignments WHERE id = ? AND created_at <= ?", (assignment_id, visible)
        ).fetchone()
        return row and _record(row)

    def created(self) -> list[AssignmentRecord]:
        """Return everything that was created, oldest first."""
        rows = self._db.execute("SELECT * FROM assignments WHERE position > 0 ORDER BY position")
        return [_record(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Count what is held, and what was created more than once."""
        return {
            "assignments": self._count("SELECT COUNT(*) FROM assignments WHERE position > 0"),
            "seeded_assignments": self._count(
                "SELECT COUNT(*) FROM assignments WHERE position < 0"
            ),
            "duplicates": self._count(DUPLICATES),
        }

    def clear(self) -> None:
        """Forget everything that was created."""
        self._db.execute("DELETE FROM assignments WHERE position > 0")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _count(self, statement: str) -> int:
        return int(self._db.execute(statement).fetchone()[0])


def _record(row: sqlite3.Row) -> AssignmentRecord:
    return AssignmentRecord(*row)
