"""The product as real processes with a database of its own, for journeys and crashes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.running import ROOT, Sandbox

LONGEST_COMMAND_SECONDS = 240


@dataclass
class Product:
    """A database of its own, the environment of every process, and the processes started."""

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
            timeout=LONGEST_COMMAND_SECONDS,
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
        """Start a command that goes on until it is stopped; what it says goes to the log."""
        with (log or Path(os.devnull)).open("a") as said:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=ROOT,
                env=self.environment | settings,
                stdout=said,
                stderr=said,
                text=True,
            )
        self.processes.append(process)
        return process

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """End a process as a power cut would."""
        process.send_signal(signal.SIGKILL)
        process.wait()


@contextmanager
def installed(folder: Path, lms: Sandbox, **settings: str) -> Iterator[Product]:
    """Migrate a fresh database and end every process at the end."""
    database = folder / "desk.sqlite3"
    environment = os.environ | {
        "DESK_DEMO": "1",
        "DATABASE_URL": f"sqlite:///{database}",
        "STACKONE_BASE_URL": lms.base_url,
        "STACKONE_REQUESTS_PER_MINUTE": "60000",
        "STACKONE_TIMEOUT_SECONDS": "2",
        "SETTLE_SECONDS": "6",
    }
    product = Product(database, environment | settings)
    product.manage("prepare")
    try:
        yield product
    finally:
        for process in product.processes:
            if process.poll() is None:
                process.terminate()
        stuck = [process for process in product.processes if not _ends(process)]
        assert not stuck, f"SIGTERM did not end {[process.args for process in stuck]}."


def _ends(process: "subprocess.Popen[str]") -> bool:
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
