"""The product as real processes with its own database, for end-to-end and crash tests."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.reaper import end_with_this_process
from tests.sandbox_process import ROOT, Sandbox
from tests.waiting import HANG_SECONDS


@dataclass
class Product:
    """An installation: its database, the environment of its processes, and those started."""

    database: Path
    environment: dict[str, str]
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def manage(self, *words: str, expect: tuple[int, ...] = (0,)) -> str:
        """Run a command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=2 * HANG_SECONDS,
            check=False,
        )
        assert done.returncode in expect, (done.returncode, done.stdout, done.stderr)
        return done.stdout

    def manage_json(self, *words: str, expect: tuple[int, ...] = (0,)) -> Any:
        """Run a command with --json and return its result."""
        return json.loads(self.manage(*words, "--json", expect=expect).splitlines()[-1])

    def start(
        self, *words: str, log: Path | None = None, **settings: str
    ) -> "subprocess.Popen[str]":
        """Start a command that runs until it is stopped; its output goes to the log."""
        with (log or Path(os.devnull)).open("a") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=ROOT,
                env=self.environment | settings,
                stdout=output,
                stderr=output,
                text=True,
            )
        end_with_this_process(process.pid)
        self.processes.append(process)
        return process

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """Kill a process, as a power cut would."""
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def installed(
    folder: Path, lms: Sandbox, *, is_prepared: bool = False, **settings: str
) -> Iterator[Product]:
    """Install the product with a fresh database, and stop every process at the end.

    :param is_prepared: whether the database is a copy of another installation's
    """
    database = folder / "desk.sqlite3"
    own = {
        "DATABASE_URL": f"sqlite:///{database}",
        "STACKONE_BASE_URL": lms.base_url,
        "STACKONE_REQUESTS_PER_MINUTE": "60000",
        "STACKONE_TIMEOUT_SECONDS": "10",
        "SETTLE_SECONDS": "6",
    }
    product = Product(database, _environment() | own | settings)
    if not is_prepared:
        _prepare(product)
    try:
        yield product
    finally:
        for process in product.processes:
            if process.poll() is None:
                process.terminate()
        stuck = [process for process in product.processes if not _is_ended(process)]
        assert not stuck, f"SIGTERM did not end {[process.args for process in stuck]}."


def prepared(database: Path, **settings: str) -> Product:
    """Return a fresh installation without processes and without an LMS."""
    product = Product(database, _environment() | settings)
    _prepare(product)
    return product


def _environment() -> dict[str, str]:
    """Return the demo's environment, without coverage, which would double the start time."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return own | {"DESK_DEMO": "1"}


def _prepare(product: Product) -> None:
    kind, _, place = product.environment["DATABASE_URL"].partition(":///")
    if kind == "sqlite":
        shutil.copyfile(_template_database(), place)
    else:
        product.manage("prepare")


@cache
def _template_database() -> Path:
    """Create the database of a fresh installation, once per test process."""
    folder = Path(tempfile.mkdtemp(prefix="desk-prepared-"))
    atexit.register(shutil.rmtree, folder)
    database = folder / "desk.sqlite3"
    Product(database, _environment() | {"DATABASE_URL": f"sqlite:///{database}"}).manage("prepare")
    return database


def _is_ended(process: "subprocess.Popen[str]") -> bool:
    try:
        process.wait(HANG_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
