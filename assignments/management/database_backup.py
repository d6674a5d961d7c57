"""Back up the whole database to one file while it is in use, and restore such a file."""

import os
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from django.core.management import CommandError
from django.db import connection
from psycopg.conninfo import make_conninfo

KEYWORDS: Final = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}


def save(path: Path) -> None:
    """Write a consistent copy to the file, which gets its name only when it is complete.

    :raises CommandError: if the file is there already, or the database's own program fails
    """
    if path.exists():
        raise CommandError(f"{path} exists already. Name another file.")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    # It holds all that the database holds: only its owner may read it, from the first byte on.
    part.touch(mode=0o600)
    if connection.vendor == "sqlite":
        _copy(_database(), part)
    else:
        _run("pg_dump", ["--format=custom", f"--file={part}"])
    part.replace(path)


def restore(path: Path) -> None:
    """Fill the database, which must be empty, from the file.

    :raises CommandError: if it is not empty, or the file is not a complete copy
    """
    if not path.is_file():
        raise CommandError(f"{path} does not exist. Name a file that `manage.py backup` wrote.")
    if connection.introspection.table_names():
        raise CommandError(
            "The database that DATABASE_URL names is not empty, and nothing is ever written over. "
            "Stop all processes, and set DATABASE_URL to a new and empty one."
        )
    connection.close()
    if connection.vendor == "sqlite":
        _check(path)
        _copy(path, _database())
    else:
        safe = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
        _run("pg_restore", [*safe, str(path)])


def _database() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


def _copy(source: Path, target: Path) -> None:
    # In one step: a copy in several would start again at every write in between.
    with closing(_opened(source)) as whole, closing(sqlite3.connect(target)) as copy:
        whole.backup(copy)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20)


def _check(path: Path) -> None:
    try:
        with closing(_opened(path)) as whole:
            result = whole.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        result = str(error)
    if result != "ok":
        raise CommandError(f"{path} is not a complete copy of a SQLite database: {result}.")


def _run(program: str, arguments: Sequence[str]) -> None:
    where, password = _connection_string(connection.settings_dict)
    # Not as an argument, which the list of processes would show.
    env = os.environ | ({"PGPASSWORD": password} if password else {})
    command = [program, f"--dbname={where}", "--no-password", *arguments]
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CommandError(
            f"{program} is not installed. Install PostgreSQL's client programs, of the server's "
            "version or a later one."
        ) from error
    if done.returncode:
        raise CommandError(f"{program} failed: {done.stderr.strip()}")


# Django types the settings of a database as a mapping of anything.
def _connection_string(settings: Mapping[str, Any]) -> tuple[str, str]:
    """Return libpq's connection string for Django's database settings, and the password."""
    keywords = {word: settings[name] for name, word in KEYWORDS.items() if settings[name]}
    options = {name: str(value) for name, value in settings["OPTIONS"].items()}
    return make_conninfo(**keywords, **options), str(settings["PASSWORD"])
