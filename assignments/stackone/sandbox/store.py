"""Store assignments, seeded and created, in a SQLite file."""

import sqlite3
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

from assignments.stackone.sandbox.records import AssignmentRecord

# Seeded assignments have negative positions, created ones positive.
SCHEMA = """
CREATE TABLE IF NOT EXISTS origin (data_options TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS assignments (
    id TEXT NOT NULL UNIQUE, learner TEXT NOT NULL, content TEXT NOT NULL, status TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, source_status TEXT, progress NUMERIC,
    due_date TEXT, assigned_at TEXT, completed_at TEXT, external_reference TEXT,
    position INTEGER PRIMARY KEY AUTOINCREMENT
);
CREATE INDEX IF NOT EXISTS assignments_of_learner ON assignments (learner, content);
SELECT data_options FROM origin; -- fails if the file has another schema
"""
INSERT_SQL = "INSERT INTO assignments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PAGE_SQL = """
SELECT * FROM assignments WHERE position > :after AND created_at <= :visible_until
AND (:status IS NULL OR status = :status)
AND (:updated_after IS NULL OR updated_at > :updated_after) ORDER BY position LIMIT :limit
"""
LEARNER_PAGE_SQL = """
SELECT * FROM assignments WHERE learner = :learner AND position > :after
AND created_at <= :visible_until AND (:status IS NULL OR status = :status)
AND (:updated_after IS NULL OR updated_at > :updated_after) ORDER BY position LIMIT :limit
"""
DUPLICATES_SQL = """
SELECT COALESCE(SUM(times - 1), 0) FROM (
    SELECT COUNT(*) AS times FROM assignments WHERE position > 0 GROUP BY learner, content
)
"""


# Every create runs this, and dataclasses.astuple is ten times slower.
_row = attrgetter(*(column.name for column in fields(AssignmentRecord)))


class UnusableFile(Exception):
    """The file is not a sandbox's, or belongs to other options."""


class Store:
    """Stores assignments; after `add` returns the assignment is in the file."""

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

    def seed(self, data_options: str, assignments: Iterable[AssignmentRecord]) -> None:
        """Insert the history if the file is new.

        :param data_options: the options that the data was generated with

        :raises UnusableFile: the file was made with other options
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            origin = self._db.execute("SELECT data_options FROM origin").fetchone()
            if origin is None:
                self._db.execute("INSERT INTO origin VALUES (?)", (data_options,))
                rows = [_row(assignment) for assignment in assignments]
                numbered = zip(rows, range(-len(rows), 0), strict=True)
                self._db.executemany(INSERT_SQL, [(*row[:-1], at) for row, at in numbered])
            elif origin["data_options"] != data_options:
                raise UnusableFile(
                    f"{self._path} was made with {origin['data_options']}, not {data_options}."
                )

    def add(self, assignment: AssignmentRecord) -> int:
        """Insert an assignment and return its position."""
        return self._db.execute(INSERT_SQL, _row(assignment)).lastrowid or 0

    def page(self, **parameters: object) -> list[AssignmentRecord]:
        """Return up to `limit` assignments `after` a position that match the filters."""
        statement = LEARNER_PAGE_SQL if parameters["learner"] else PAGE_SQL
        return [_record(row) for row in self._db.execute(statement, parameters)]

    def get(self, assignment_id: str, visible_until: str) -> AssignmentRecord | None:
        """Return the assignment with this id, if it is visible yet."""
        row = self._db.execute(
            "SELECT * FROM assignments WHERE id = ? AND created_at <= ?",
            (assignment_id, visible_until),
        ).fetchone()
        return row and _record(row)

    def created(self) -> list[AssignmentRecord]:
        """Return the created assignments, oldest first."""
        rows = self._db.execute("SELECT * FROM assignments WHERE position > 0 ORDER BY position")
        return [_record(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Count the assignments, and how many repeat the learner and content of another."""
        return {
            "assignments": self._count("SELECT COUNT(*) FROM assignments WHERE position > 0"),
            "seeded_assignments": self._count(
                "SELECT COUNT(*) FROM assignments WHERE position < 0"
            ),
            "duplicates": self._count(DUPLICATES_SQL),
        }

    def clear(self) -> None:
        """Delete the created assignments."""
        self._db.execute("DELETE FROM assignments WHERE position > 0")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _count(self, statement: str) -> int:
        return int(self._db.execute(statement).fetchone()[0])


def _record(row: sqlite3.Row) -> AssignmentRecord:
    return AssignmentRecord(*row)
