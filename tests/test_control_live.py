"""Pause, resume and stop with a real worker: within two seconds, and across its restarts."""

import sqlite3
import time
from contextlib import closing

import pytest

from tests.product_processes import installed
from tests.sandbox_process import running_sandbox

pytestmark = pytest.mark.journey
PEOPLE = 900
CREATE = "POST /unified/lms/users/{id}/assignments"
SECONDS = 2.0
MANAGER = ("--as", "manager@example.com")


@pytest.fixture
def lms():
    """Run a sandbox of this test's own."""
    with running_sandbox(learners=PEOPLE, content=20, requests_per_minute=0, latency_ms=20) as lms:
        yield lms


@pytest.fixture
def product(tmp_path, lms):
    """Return an installed product with a synced directory, slow enough to be interrupted."""
    with installed(tmp_path, lms, STACKONE_REQUESTS_PER_MINUTE="2400") as product:
        product.manage_json("sync")
        yield product


@pytest.fixture
def batch(product):
    """Return the number of a batch for everybody, submitted and started."""
    with closing(sqlite3.connect(product.database)) as database:
        [reference] = database.execute(
            "SELECT external_reference FROM assignments_content c WHERE is_active AND "
            "external_reference <> '' AND NOT EXISTS (SELECT 1 FROM assignments_remoteassignment "
            "r WHERE r.content_id = c.id) ORDER BY id LIMIT 1"
        ).fetchone()
    words = ("--all", "--content", reference, "--due", "none", "--status", "pending", "--yes")
    return product.manage_json("assign", *MANAGER, *words)["batch"]


def creates(lms):
    """Return how many create requests the LMS received."""
    return sum(lms.stats()["requests"].get(CREATE, {}).values())


def act(product, batch, action):
    """Act on the batch from the command line and return its result."""
    return product.manage_json("batch", action, batch, *MANAGER)


def receives_more(lms, since, within=20.0):
    """Return whether more requests come in within that many seconds."""
    ends = time.monotonic() + within
    while creates(lms) <= since and time.monotonic() < ends:
        time.sleep(0.05)
    return creates(lms) > since


def is_quiet(lms):
    """Return whether no request comes in later than two seconds from now."""
    time.sleep(SECONDS)
    count = creates(lms)
    time.sleep(2)
    return creates(lms) == count


def restarted(product, worker):
    """End the worker as a deployment does and return the next one."""
    worker.terminate()
    worker.wait(timeout=30)
    return product.start("worker")


def test_pause_and_resume_act_within_two_seconds_and_survive_a_restart(product, batch, lms):
    worker = product.start("worker")
    assert receives_more(lms, 20)

    act(product, batch, "pause")
    assert is_quiet(lms)
    product.kill(worker)
    product.start("worker")
    assert is_quiet(lms)

    paused_at = creates(lms)
    act(product, batch, "resume")
    assert receives_more(lms, paused_at, within=SECONDS)


def test_stop_acts_within_two_seconds_and_survives_a_restart(product, batch, lms):
    worker = restarted(product, product.start("worker"))
    assert receives_more(lms, 20)

    act(product, batch, "stop")
    assert is_quiet(lms)
    restarted(product, worker)
    assert is_quiet(lms)

    batch_json, stats = product.manage_json("batch", "show", batch), lms.stats()
    assert (batch_json["state"], batch_json["counts"].get("planned", 0)) == ("stopped", 0)
    assert set(batch_json["counts"]) <= {"created", "cancelled", "unknown"}
    assert (stats["duplicates"], stats["assignments"] < PEOPLE) == (0, True)


def test_a_pause_while_no_worker_runs_holds_when_one_starts(product, batch, lms):
    act(product, batch, "pause")

    product.start("worker")
    time.sleep(4)
    assert creates(lms) == 0

    act(product, batch, "resume")
    assert receives_more(lms, 0)
