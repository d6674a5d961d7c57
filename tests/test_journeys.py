"""End-to-end tests with real processes: commands, a worker, and a worker that is killed."""

import sqlite3
from contextlib import closing

import pytest

from tests.crash.tables import Tables
from tests.product_processes import installed
from tests.sandbox_process import running_sandbox
from tests.waiting import wait_until

pytestmark = pytest.mark.processes
PEOPLE = 400


@pytest.fixture
def lms():
    """Run a sandbox for this test."""
    with running_sandbox(learners=PEOPLE, content=20, requests_per_minute=0, latency_ms=20) as lms:
        yield lms


@pytest.fixture
def product(tmp_path, lms):
    """Return an installed product with a synced directory."""
    with installed(tmp_path, lms) as product:
        product.manage_json("sync")
        yield product


def query_value(product, query):
    """Return the single value of an SQL query."""
    return Tables(product.environment["DATABASE_URL"]).value(query)


def reference(product):
    """Return the reference of an item that nobody has."""
    return query_value(
        product,
        "SELECT external_reference FROM assignments_content c WHERE is_active AND "
        "external_reference <> '' AND NOT EXISTS (SELECT 1 FROM assignments_remoteassignment r "
        "WHERE r.content_id = c.id) ORDER BY id LIMIT 1",
    )


def assign(product, *more, expect=(0,)):
    """Assign an item to everybody with the command `assign`."""
    return product.manage_json(
        "assign",
        "--as",
        "manager@example.com",
        "--all",
        "--content",
        reference(product),
        "--due",
        "2027-01-15",
        "--status",
        "pending",
        "--yes",
        *more,
        expect=expect,
    )


def test_assign_command_creates_assignments_and_the_log_verifies(product, lms):
    result = assign(product, "--wait")

    stats = lms.stats()
    active = query_value(product, "SELECT COUNT(*) FROM assignments_learner WHERE is_active")
    assert (result["state"], result["counts"]) == ("done", {"created": active})
    assert (stats["assignments"], stats["duplicates"]) == (active, 0)
    product.manage("audit", "seal")
    product.manage("audit", "verify")


def test_assign_command_under_faults_counts_correctly(product, lms):
    # Each 429 makes the whole key wait.
    lms.set_faults({"429": 0.02, "500": 0.05, "reset-after": 0.05, "timeout-after": 0.02})

    result = assign(product, "--wait", expect=(0, 3))

    stats, counts = lms.stats(), result["counts"]
    assert stats["duplicates"] == 0
    assert stats["assignments"] == counts["created"]
    assert set(counts) <= {"created", "unknown"}
    assert (
        query_value(
            product, "SELECT COUNT(*) FROM assignments_assignment WHERE read_back_at IS NOT NULL"
        )
        == 0
    )
    product.manage("audit", "seal")
    product.manage("audit", "verify")


def test_killed_worker_loses_and_duplicates_nothing(product, lms):
    first = product.start("worker")
    assign(product)
    wait_until(lambda: lms.stats()["assignments"] > 40, "some rows are sent")
    product.kill(first)
    held = lms.stats()["assignments"]
    sending = query_value(
        product, "SELECT COUNT(*) FROM assignments_assignment WHERE state = 'sending'"
    )
    assert held < PEOPLE
    assert sending > 0

    product.start("worker")
    state = "SELECT state FROM assignments_batch"
    wait_until(lambda: query_value(product, state) == "done", "the batch is done")

    stats = lms.stats()
    created = query_value(
        product, "SELECT COUNT(*) FROM assignments_assignment WHERE state = 'created'"
    )
    rows = query_value(product, "SELECT COUNT(*) FROM assignments_assignment")
    assert (stats["assignments"], stats["duplicates"], created) == (rows, 0, rows)
    assert (
        query_value(
            product,
            "SELECT COUNT(*) FROM assignments_logentry WHERE action = 'assignment.created'",
        )
        == rows
    )
    product.manage("audit", "seal")
    product.manage("audit", "verify")


def test_verify_names_the_edited_entry(product):
    assign(product, "--wait")
    with closing(sqlite3.connect(product.database)) as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(
            "UPDATE assignments_logentry SET body = "
            "CAST(replace(CAST(body AS TEXT), 'assignment.', 'assignmemt.') AS BLOB) WHERE seq = 57"
        )
        database.commit()

    result = product.manage_json("audit", "verify", expect=(2,))

    assert result["seq"] == 57
