"""The environment of benchmarks: a sandbox, a fresh database, and child processes to measure.

Each measured run is a process of its own, so that its CPU time and memory can be told apart.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests import postgres
from tests.sandbox_process import ROOT, Sandbox, running_sandbox

UNLIMITED = "60000000"
LONGEST_RUN_SECONDS = 1_800


@dataclass
class BenchEnvironment:
    """A sandbox, a database of `vendor`, and the environment variables of the child processes."""

    lms: Sandbox
    environment: dict[str, str]
    vendor: str
    _items: Iterator[int]

    def run_child(
        self, *words: str, script: str = "bench.child", **settings: str
    ) -> dict[str, Any]:
        """Run a part of a script and return its measurements."""
        with self.start_child(*words, script=script, **settings) as process:
            output, errors = process.communicate(timeout=LONGEST_RUN_SECONDS)
        if process.returncode:
            raise RuntimeError(f"{' '.join(words)} failed.\n{errors}")
        return dict(json.loads(output.splitlines()[-1]))

    @contextmanager
    def start_child(
        self, *words: str, script: str = "bench.child", **settings: str
    ) -> Iterator["subprocess.Popen[str]"]:
        """Start a part of a script; kill it at the end of the block if it still runs."""
        with subprocess.Popen(
            [sys.executable, "-m", script, *words],
            cwd=ROOT,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def create_batch(self, rows: int, *, account: str = "sandbox", items: int = 1) -> int:
        """Create and start a batch of items that nobody was assigned before; return its number."""
        first = next(self._items)
        for _ in range(items - 1):
            next(self._items)
        words = (str(rows // items), str(first), str(items))
        return int(self.run_child("plan", *words, STACKONE_ACCOUNT_ID=account)["batch"])

    def deliver(self, **settings: str) -> dict[str, Any]:
        """Send all waiting rows with one sender and return the measurements."""
        return self.run_child("deliver", **settings)


@contextmanager
def bench_environment(
    *,
    vendor: str,
    learners: int,
    content: int = 60,
    latency_ms: int = 0,
    accounts: str = "sandbox",
) -> Iterator[BenchEnvironment]:
    """Start a sandbox and sync its people and content into a fresh database.

    PostgreSQL has its default settings: it waits for the disk at each commit, as SQLite does.
    """
    server = postgres.running(settings=()) if vendor == "postgresql" else nullcontext()
    with (
        tempfile.TemporaryDirectory(prefix="desk-bench-") as folder,
        server as database,
        running_sandbox(
            learners=learners, content=content, requests_per_minute=0, latency_ms=latency_ms
        ) as lms,
    ):
        url = database.url if database else f"sqlite:///{Path(folder) / 'desk.sqlite3'}"
        variables = os.environ | {
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DESK_DEMO": "1",
            "STACKONE_API_KEY": "",
            "STACKONE_ACCOUNT_ID": accounts,
            "STACKONE_BASE_URL": lms.base_url,
            "STACKONE_REQUESTS_PER_MINUTE": UNLIMITED,
            "SENDER_CONCURRENCY": "64",
            "SYNC_MINUTES": "10000",
            "DATABASE_URL": url,
            "AUDIT_SEAL_DIR": str(Path(folder) / "seals"),
        }
        environment = BenchEnvironment(lms, variables, vendor, count())
        for command in (
            ["prepare"],
            *(["sync", "--account", name] for name in accounts.split(",")),
        ):
            subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=variables,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        yield environment
