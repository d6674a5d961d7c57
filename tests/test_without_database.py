"""Commands and workers while the database is away, read-only or not there yet."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.process_tree import descendants
from tests.product_processes import installed, prepared
from tests.sandbox_process import ROOT, running_sandbox
from tests.waiting import HANG_SECONDS, wait_until

pytestmark = pytest.mark.processes
AWAY = "postgres://desk@127.0.0.1:9/desk"
COMMANDS = (
    "sync",
    "assign --as manager@example.com --all --content A --due 2027-01-15 --status pending",
    "audit verify",
    "audit seal",
    "batch show 1",
    "backup FOLDER/desk.backup",
    "restore README.md",
    "erase --by admin@example.com person",
    "prepare",
    "doctor",
)


def run(words, url):
    """Run a command and return its exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *words.split()],
        cwd=ROOT,
        env=os.environ | {"DESK_DEMO": "1", "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_says_in_a_sentence_that_the_database_is_away(words, tmp_path):
    code, output = run(words.replace("FOLDER", str(tmp_path)), AWAY)

    assert code != 0
    assert "Traceback" not in output
    assert output.strip() != ""


@pytest.mark.parametrize("url", ["foo", "foo://bar", "mysql://desk@127.0.0.1/desk"])
def test_a_command_says_in_a_sentence_that_a_setting_is_wrong(url):
    code, output = run("sync", url)

    assert (code, output.startswith("DATABASE_URL is not the address of a database.")) == (1, True)


def test_a_command_says_in_a_sentence_that_a_file_cannot_be_written(tmp_path):
    product = prepared(tmp_path / "desk.sqlite3", DATABASE_URL=f"sqlite:///{tmp_path}/desk.sqlite3")

    code, output = run("backup /proc/desk.backup", product.environment["DATABASE_URL"])

    assert (code, "Traceback" in output, "/proc/desk.backup" in output) == (1, False, True)


def test_a_worker_waits_for_the_database_and_says_so_once(tmp_path):
    with running_sandbox(learners=1, content=1) as lms, installed(tmp_path, lms) as product:
        log = tmp_path / "worker.log"
        worker = product.start("worker", log=log, DATABASE_URL=AWAY)
        wait_until(lambda: "Waiting for the database" in log.read_text(), "the worker waits")
        time.sleep(3)
        worker.terminate()

        assert worker.wait(HANG_SECONDS) == 0
    assert len(log.read_text().splitlines()) == 1


def test_two_workers_share_two_busy_accounts(tmp_path):
    people = 40
    with (
        running_sandbox(learners=people, content=5) as lms,
        installed(
            tmp_path,
            lms,
            STACKONE_ACCOUNT_ID="sandbox,sandbox-2",
            STACKONE_REQUESTS_PER_MINUTE="240",
            GRACE_SECONDS="0",
        ) as product,
    ):
        product.manage("sync")
        workers = [product.start("worker", log=tmp_path / "worker.log") for _ in range(2)]
        wait_until(
            lambda: Path(tmp_path / "worker.log").read_text().count("ready.") == len(workers),
            "both workers are ready",
        )
        for account in ("sandbox", "sandbox-2"):
            product.manage(
                *f"assign --as manager@example.com --account {account} --all --yes".split(),
                *["--content", "NWL-1001", "--due", "2027-01-15", "--status", "pending"],
            )

        def callers():
            """Return how many call processes each worker has, beside its fork server."""
            return [len(descendants(worker.pid)) - 2 for worker in workers]

        wait_until(lambda: min(callers()) > 0, "both workers send", explain=callers)
