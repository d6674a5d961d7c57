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
AT_ONCE = 2.0
MANAGER = ("--as", "manager@example.com")


@pytest.fixture
def lms():
    """Run a sandbox of this test's own."""
    with running_sandbox(learners=PEOPLE, content=20, requests_per_minute=0, latency_ms=20) as lms:
        yield lms


@pytest.fixture
def product(tmp_path, lms):
    """Return an installed product with a synced directory, slow enough to be caught at work."""
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
    """Return how many requests to create came in."""
    return sum(lms.stats()["requests"].get(CREATE, {}).values())


def act(product, batch, way):
    """Do something to the batch from the shell and return its result."""
    return product.manage_json("batch", way, batch, *MANAGER)


def more_come_in(lms, since, within=20.0):
    """Return whether requests came in within so many seconds."""
    ends = time.monotonic() + within
    while creates(lms) <= since and time.monotonic() < ends:
        time.sleep(0.05)
    return creates(lms) > since


def quiet_from_now_on(lms):
    """Return whether nothing comes in later than two seconds from now."""
    time.sleep(AT_ONCE)
    count = creates(lms)
    time.sleep(2)
    return creates(lms) == count


def restarted(product, worker):
    """End the worker as a deployment does and return the next one."""
    worker.terminate()
    worker.wait(timeout=30)
    return product.start("worker")


def test_pause_and_resume_act_at_once_and_survive_a_restart(product, batch, lms):
    worker = product.start("worker")
    assert more_come_in(lms, 20)

    act(product, batch, "pause")
    assert quiet_from_now_on(lms)
    product.kill(worker)
    product.start("worker")
    assert quiet_from_now_on(lms)

    paused_at = creates(lms)
    act(product, batch, "resume")
    assert more_come_in(lms, paused_at, within=AT_ONCE)


def test_stop_acts_at_once_and_survives_a_restart(product, batch, lms):
    worker = restarted(product, product.start("worker"))
    assert more_come_in(lms, 20)

    act(product, batch, "stop")
    assert quiet_from_now_on(lms)
    restarted(product, worker)
    assert quiet_from_now_on(lms)

    told, stats = product.manage_json("batch", "show", batch), lms.stats()
    assert (told["state"], told["counts"].get("planned", 0)) == ("stopped", 0)
    assert set(told["counts"]) <= {"created", "cancelled", "unknown"}
    assert (stats["duplicates"], stats["assignments"] < PEOPLE) == (0, True)


def test_a_pause_while_no_worker_runs_holds_when_one_starts(product, batch, lms):
    act(product, batch, "pause")

    product.start("worker")
    time.sleep(4)
    assert creates(lms) == 0

    act(product, batch, "resume")
    assert more_come_in(lms, 0)
