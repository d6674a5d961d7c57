"""A copy of the whole database in one file, made while it is used, and put back elsewhere."""

import os
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from django.core.management import CommandError
from django.db import connection
from psycopg.conninfo import make_conninfo

KEYWORDS: Final = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}


def save(path: Path) -> None:
    """Write everything as it is at one moment; the file gets its name only once it is whole.

    :raises CommandError: if the file is there already, or the database's own program fails
    """
    if path.exists():
        raise CommandError(f"{path} is there already. Name another file.")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    # It holds everything the database does: for its owner alone, from its first byte on.
    part.touch(mode=0o600)
    if connection.vendor == "sqlite":
        _copy(_database(), part)
    else:
        _run("pg_dump", ["--format=custom", f"--file={part}"])
    part.replace(path)


def put_back(path: Path) -> None:
    """Fill the database, which must be empty, with what the file holds.

    :raises CommandError: if it is not empty, or the file is not a whole copy
    """
    if not path.is_file():
        raise CommandError(f"{path} is not there. Name a file that `manage.py backup` wrote.")
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
    # In one step: a copy in many would begin anew at every write in between.
    with closing(_opened(source)) as whole, closing(sqlite3.connect(target)) as copy:
        whole.backup(copy)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20)


def _check(path: Path) -> None:
    try:
        with closing(_opened(path)) as whole:
            found = whole.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise CommandError(f"{path} is not a whole copy of a SQLite database: {found}.")


def _run(program: str, arguments: Sequence[str]) -> None:
    where, password = _address(connection.settings_dict)
    # The password never stands in the list of processes.
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


def _address(settings: dict[str, Any]) -> tuple[str, str]:
    """Return where the database is, as libpq reads it, and the password."""
    given = {word: settings[name] for name, word in KEYWORDS.items() if settings[name]}
    options = {name: str(value) for name, value in settings["OPTIONS"].items()}
    return make_conninfo(**given, **options), str(settings["PASSWORD"])
