"""Pause, resume and stop with a real worker, and across its restarts."""

import time

import pytest

from tests.crash.tables import Tables
from tests.product_processes import installed
from tests.sandbox_process import running_sandbox
from tests.waiting import HANG_SECONDS, wait_until

pytestmark = pytest.mark.processes
PEOPLE = 900
CREATE = "POST /unified/lms/users/{id}/assignments"
# Long enough for a worker that sends to send again.
QUIET_SECONDS = 2
MANAGER = ("--as", "manager@example.com")


@pytest.fixture
def lms():
    """Run a sandbox of this test's own."""
    with running_sandbox(learners=PEOPLE, content=20, requests_per_minute=0, latency_ms=20) as lms:
        yield lms


@pytest.fixture
def product(tmp_path, lms):
    """Return an installed product with a synced directory, slow enough to be interrupted."""
    with installed(tmp_path, lms, STACKONE_REQUESTS_PER_MINUTE="1200") as product:
        product.manage_json("sync")
        yield product


@pytest.fixture
def batch(product):
    """Return the number of a batch for everybody, submitted and started."""
    reference = query_value(
        product,
        "SELECT external_reference FROM assignments_content c WHERE is_active AND "
        "external_reference <> '' AND NOT EXISTS (SELECT 1 FROM assignments_remoteassignment "
        "r WHERE r.content_id = c.id) ORDER BY id LIMIT 1",
    )
    words = ("--all", "--content", reference, "--due", "none", "--status", "pending", "--yes")
    return product.manage_json("assign", *MANAGER, *words)["batch"]


def creates(lms):
    """Return how many create requests the LMS received."""
    return sum(lms.stats()["requests"].get(CREATE, {}).values())


def act(product, batch, action):
    """Act on the batch from the command line and return its result."""
    return product.manage_json("batch", action, batch, *MANAGER)


def wait_for_more(lms, since):
    """Wait until more requests have come in."""
    wait_until(lambda: creates(lms) > since, f"more than {since} requests came in")


def sends_nothing(product, lms):
    """Return whether no request comes in once the calls in flight have ended."""
    in_flight = "SELECT COUNT(*) FROM assignments_assignment WHERE state = 'sending'"
    wait_until(lambda: not query_value(product, in_flight), "no call is in flight")
    count = creates(lms)
    time.sleep(QUIET_SECONDS)
    return creates(lms) == count


def start_worker(product):
    """Start a worker and wait until it is registered under its process id."""
    worker = product.start("worker")
    registered = f"SELECT COUNT(*) FROM assignments_worker WHERE name LIKE '%:{worker.pid}'"
    wait_until(lambda: query_value(product, registered), "the worker is registered")
    return worker


def query_value(product, query):
    """Return the single value of an SQL query."""
    return Tables(product.environment["DATABASE_URL"]).value(query)


def restarted(product, worker):
    """End the worker as a deployment does and return the next one."""
    worker.terminate()
    worker.wait(HANG_SECONDS)
    return start_worker(product)


def test_pause_and_resume_act_and_survive_a_restart(product, batch, lms):
    worker = start_worker(product)
    wait_for_more(lms, 20)

    act(product, batch, "pause")
    assert sends_nothing(product, lms)
    product.kill(worker)
    start_worker(product)
    assert sends_nothing(product, lms)

    act(product, batch, "resume")
    wait_for_more(lms, creates(lms))


def test_stop_acts_and_survives_a_restart(product, batch, lms):
    worker = restarted(product, start_worker(product))
    wait_for_more(lms, 20)

    act(product, batch, "stop")
    assert sends_nothing(product, lms)
    restarted(product, worker)
    assert sends_nothing(product, lms)

    batch_json, stats = product.manage_json("batch", "show", batch), lms.stats()
    assert (batch_json["state"], batch_json["counts"].get("planned", 0)) == ("stopped", 0)
    assert set(batch_json["counts"]) <= {"created", "cancelled", "unknown"}
    assert (stats["duplicates"], stats["assignments"] < PEOPLE) == (0, True)


def test_a_pause_while_no_worker_runs_holds_when_one_starts(product, batch, lms):
    act(product, batch, "pause")

    start_worker(product)
    assert sends_nothing(product, lms)
    assert creates(lms) == 0

    act(product, batch, "resume")
    wait_for_more(lms, 0)
