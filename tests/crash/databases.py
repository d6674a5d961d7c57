"""A database for one run, on either engine, that can be made to crash."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Database:
    """A database URL and its server; SQLite has none and crashes with its processes."""

    engine: str
    url: str
    server: postgres.Server | None = None


@contextmanager
def fresh(engine: str, folder: Path) -> Iterator[Database]:
    """Create an empty database in which commits survive a crash."""
    if engine == "sqlite":
        yield Database(engine, f"sqlite:///{folder / 'desk.sqlite3'}")
        return
    with postgres.running(settings=postgres.CRASH_SAFE) as server:
        yield Database(engine, server.url, server)
