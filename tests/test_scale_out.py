"""Several workers with Redis and PostgreSQL, any of which may fail at any time."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import postgres
from tests.broker import Broker, running_broker
from tests.product_processes import Product, installed
from tests.sandbox_process import Sandbox, running_sandbox
from tests.waiting import HANG_SECONDS, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.scale_out]

PEOPLE = 300
MIDDLE = 60


class Site:
    """An installation on PostgreSQL and a broker, and queries of its tables."""

    def __init__(self, product: Product, lms: Sandbox, broker: Broker, folder: Path) -> None:
        self.product = product
        self.lms = lms
        self.broker = broker
        self.log = folder / "worker.log"

    def value(self, query: str) -> object:
        """Return the single value of an SQL query."""
        with psycopg.connect(self.product.environment["DATABASE_URL"]) as database:
            row = database.execute(query).fetchone()
        assert row is not None
        return row[0]

    def submit(self) -> int:
        """Submit a batch of one item that nobody has, for everybody; return its rows."""
        item = self.value(
            "SELECT external_reference FROM assignments_content c WHERE is_active AND "
            "external_reference <> '' AND NOT EXISTS (SELECT 1 FROM assignments_remoteassignment r"
            " WHERE r.content_id = c.id) AND NOT EXISTS (SELECT 1 FROM assignments_assignment a "
            "WHERE a.content_id = c.id) ORDER BY id LIMIT 1"
        )
        words = f"--as manager@example.com --all --due 2027-01-15 --status pending --content {item}"
        self.product.manage("assign", *words.split(), "--yes")
        return int(str(self.value("SELECT COUNT(*) FROM assignments_assignment")))

    def start_workers(self, count: int = 1, **settings: str):
        """Start workers and wait until each is registered."""
        started = [
            self.product.start("worker", log=self.log, PGAPPNAME=f"worker-{number}", **settings)
            for number in range(count)
        ]
        registered = "SELECT COUNT(*) FROM assignments_worker"
        wait_until(lambda: self.value(registered) == count, "the workers are registered")
        return started

    def sender_number(self) -> int:
        """Return the number of the sending worker, which has a second database connection."""
        busy = (
            "SELECT MIN(name) FROM (SELECT application_name AS name FROM pg_stat_activity "
            "WHERE application_name LIKE 'worker-%' GROUP BY 1 HAVING COUNT(*) > 1) AS busy"
        )
        name = wait_until(lambda: self.value(busy), "a worker sends")
        return int(str(name).removeprefix("worker-"))

    def wake(self, times: int) -> None:
        """Enqueue the delivery task that many times."""
        account = self.value("SELECT MIN(id) FROM assignments_account")
        code = f"from assignments import tasks\nfor _ in range({times}):"
        self.product.manage(
            "shell", "--no-imports", "-c", f"{code} tasks.deliver.enqueue({account})"
        )

    def wait_until_sending(self) -> None:
        wait_until(lambda: self.lms.stats()["assignments"] > MIDDLE, "many rows are sent")

    def wait_until_done(self) -> None:
        done = "SELECT bool_and(state = 'done') FROM assignments_batch"
        wait_until(lambda: self.value(done), "every batch is done")

    def counts(self) -> dict[str, object]:
        """Return the number of assignments in the LMS, in the rows and in the log."""
        stats = self.lms.stats()
        logged = "SELECT COUNT(*) FROM assignments_logentry WHERE action = 'assignment.created'"
        return {
            "held": stats["assignments"],
            "duplicates": stats["duplicates"],
            "created": self.value(
                "SELECT COUNT(*) FROM assignments_assignment WHERE state='created'"
            ),
            "logged": self.value(logged),
        }


def expected_counts(rows: int) -> dict[str, object]:
    """Return the expected counts if every row was created exactly once."""
    return {"held": rows, "duplicates": 0, "created": rows, "logged": rows}


def stopped(worker):
    """Ask a worker to stop and return its exit code."""
    worker.terminate()
    return worker.wait(HANG_SECONDS)


@pytest.fixture(scope="module")
def database() -> Iterator[postgres.Server]:
    """Run a PostgreSQL server that loses nothing in a crash."""
    with postgres.running(settings=postgres.CRASH_SAFE) as server:
        yield server


@pytest.fixture(scope="module")
def lms() -> Iterator[Sandbox]:
    """Run a sandbox with a latency of 20 ms."""
    with running_sandbox(learners=PEOPLE, content=20, requests_per_minute=0, latency_ms=20) as lms:
        yield lms


@pytest.fixture(scope="module")
def synced(tmp_path_factory, database, lms) -> None:
    """Create the database `synced`, which every test copies."""
    execute(database, "CREATE DATABASE synced")
    url = urlsplit(database.url)._replace(path="/synced").geturl()
    with installed(tmp_path_factory.mktemp("synced"), lms, DATABASE_URL=url) as product:
        product.manage("sync")


@pytest.fixture
def site(tmp_path, database, lms, synced) -> Iterator[Site]:
    """Return an installation with a synced directory, that may send 100 calls a second."""
    lms.reset()
    execute(database, "DROP DATABASE IF EXISTS desk", "CREATE DATABASE desk TEMPLATE synced")
    settings = {
        "DATABASE_URL": urlsplit(database.url)._replace(path="/desk").geturl(),
        "STACKONE_REQUESTS_PER_MINUTE": "6000",
    }
    with running_broker() as broker:
        settings["CELERY_BROKER_URL"] = broker.url
        with installed(tmp_path, lms, is_prepared=True, **settings) as product:
            yield Site(product, lms, broker, tmp_path)


def execute(database: postgres.Server, *statements: LiteralString) -> None:
    """Execute statements that cannot run in a transaction."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_two_workers_send_each_row_once_despite_repeated_wake_ups(site):
    workers = site.start_workers(2)
    rows = site.submit()
    site.wait_until_sending()

    site.wake(20)
    site.wait_until_done()
    site.wake(5)

    wait_until(lambda: site.broker.client().llen("delivery") == 0, "the queue is empty")
    assert site.counts() == expected_counts(rows)
    calls = (
        "SELECT SUM((convert_from(body, 'UTF8')::json #>> '{detail,rows}')::int) "
        "FROM assignments_logentry WHERE action = 'calls.started'"
    )
    assert site.value(calls) == rows
    assert [stopped(worker) for worker in workers] == [0, 0]
    assert site.value("SELECT COUNT(*) FROM assignments_worker") == 0
    assert "Traceback" not in site.log.read_text()
    site.product.manage("audit", "verify")


def test_terminated_worker_hands_over_its_rows(site):
    workers = site.start_workers(2)
    rows = site.submit()
    site.wait_until_sending()

    assert stopped(workers[site.sender_number()]) == 0

    assert site.lms.stats()["assignments"] < rows
    site.wait_until_done()
    assert site.counts() == expected_counts(rows)


def test_another_worker_finishes_the_rows_of_a_killed_worker(site):
    workers = site.start_workers(2)
    rows = site.submit()
    site.wait_until_sending()

    site.product.kill(workers[site.sender_number()])

    assert site.lms.stats()["assignments"] < rows
    site.wait_until_done()
    assert site.counts() == expected_counts(rows)


def test_lost_broker_only_delays_new_batches(site):
    site.start_workers()
    first = site.submit()
    site.wait_until_sending()

    site.broker.kill()
    site.wait_until_done()
    assert site.counts() == expected_counts(first)
    both = site.submit()
    output = site.product.manage("doctor", expect=(1,))
    assert f"FIX  broker: {site.broker.url} does not respond" in output
    assert site.lms.stats()["assignments"] == first
    site.broker.start()
    wait_until(lambda: site.lms.stats()["assignments"] > first, "the second batch is sent")
    site.wait_until_done()

    assert site.counts() == expected_counts(both)
    log = site.log.read_text()
    assert "Traceback" not in log
    assert log.count("The broker cannot be reached") == 1
    assert log.count("The schedule tries again until it succeeds") <= 2


def test_database_restart_loses_and_duplicates_nothing(site, database):
    site.start_workers(2)
    rows = site.submit()
    site.wait_until_sending()

    database.stop()
    time.sleep(1)
    database.start()

    site.wait_until_done()
    assert site.counts() == expected_counts(rows)
    log = site.log.read_text()
    assert "Traceback" not in log
    assert log.count("lost the database and will be retried") == 1
    site.product.manage("audit", "verify")


def test_worker_can_be_terminated_during_its_start(site):
    worker = site.product.start("worker", log=site.log)
    wait_until(lambda: " ready." in site.log.read_text(), "the worker is ready")

    assert stopped(worker) == 0


def test_scheduled_sync_runs_on_the_broker(site):
    url = site.product.environment["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE assignments_account SET synced_at = NULL")

    site.start_workers(2)

    is_synced = "SELECT synced_at IS NOT NULL FROM assignments_account"
    wait_until(lambda: site.value(is_synced), "the directory is synced")
    assert site.value("SELECT COUNT(*) FROM assignments_syncrun WHERE started_by = 'system'") == 1


def test_embedded_worker_survives_a_database_restart(site, database):
    site.start_workers(CELERY_BROKER_URL="")

    database.stop()
    time.sleep(1)
    database.start()
    rows = site.submit()

    site.wait_until_done()
    assert site.counts() == expected_counts(rows)
    assert "Traceback" not in site.log.read_text()


def test_worker_refused_by_the_broker_exits_with_a_reason(site):
    site.broker.client().set("delivery", "of somebody else")

    worker = site.product.start("worker", log=site.log)

    assert worker.wait(20) == 1
    log = site.log.read_text()
    assert "WRONGTYPE" in log
    assert "The Celery worker ended unexpectedly. See its log for the reason." in log
