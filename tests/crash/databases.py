"""A database for one run, on either engine, that can be made to crash."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import postgres

ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Database:
    """Where it is, and the server behind it; SQLite has none and dies with its processes."""

    engine: str
    url: str
    server: postgres.Server | None = None


@contextmanager
def fresh(engine: str, folder: Path) -> Iterator[Database]:
    """Make an empty database that keeps through a crash whatever was committed."""
    if engine == "sqlite":
        yield Database(engine, f"sqlite:///{folder / 'desk.sqlite3'}")
        return
    with postgres.running(settings=postgres.CRASH_SAFE) as server:
        yield Database(engine, server.url, server)
