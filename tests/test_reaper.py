"""What a test process started ends with it, even if it is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reaper import is_running
from tests.sandbox_process import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.processes
# It starts a process that stops when it is asked to, and one that does not.
KILLED_TEST = """
import subprocess
import sys
from pathlib import Path

from tests.reaper import end_with_this_process
from tests.sandbox_process import running_sandbox

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"


def test_that_is_killed():
    stubborn = subprocess.Popen([sys.executable, "-c", STUBBORN])
    end_with_this_process(stubborn.pid)
    with running_sandbox(learners=1, content=1) as lms:
        Path(__file__).with_name("ids").write_text(f"{lms.process.pid} {stubborn.pid}\\n")
        stubborn.wait()
"""
PYTEST = (sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:django", "-n")


@pytest.mark.parametrize("workers", [pytest.param("0", id="alone"), pytest.param("1", id="xdist")])
def test_what_a_test_started_ends_when_pytest_is_killed(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_killed.py").write_text(KILLED_TEST)
    ids = tmp_path / "ids"
    command = [*PYTEST, workers, "--rootdir", str(tmp_path), str(tmp_path)]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: ids.exists() and ids.read_text().endswith("\n"), "it runs", seconds=180)
    finally:
        run.kill()
        run.wait()

    pids = [int(pid) for pid in ids.read_text().split()]

    wait_until(lambda: not any(is_running(pid) for pid in pids), "both processes end")
