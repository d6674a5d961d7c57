"""SIGTERM: requests and calls in progress are finished, and nothing new is started."""

import signal
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests.crash.tables import Tables
from tests.crash.web import Web
from tests.product_processes import installed
from tests.sandbox_process import running_sandbox
from tests.waiting import HANG_SECONDS, wait_until

pytestmark = pytest.mark.processes
REPORT = b'{"csp-report": {"blocked-uri": "inline"}}'
ROWS = 40


@pytest.fixture(scope="module")
def lms():
    """Run a sandbox whose latency can be set."""
    with running_sandbox(learners=ROWS, content=5, requests_per_minute=0, latency_ms=0) as lms:
        yield lms


@pytest.fixture(scope="module")
def product(lms, tmp_path_factory):
    """Install the product for the whole module."""
    with installed(
        tmp_path_factory.mktemp("desk"), lms, SENDER_CONCURRENCY="8", GRACE_SECONDS="0"
    ) as product:
        yield product


def test_the_site_finishes_the_request_that_it_was_reading(product):
    with Web(product) as web:
        address = urlsplit(web.url)
        head = (
            f"POST /csp-report HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Content-Type: application/csp-report\r\nContent-Length: {len(REPORT)}\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port), HANG_SECONDS) as browser:
            browser.sendall(head.encode() + REPORT[:5])
            time.sleep(0.3)
            web.ask_to_stop()
            time.sleep(0.3)
            browser.sendall(REPORT[5:])
            answer = browser.recv(4096)
        code = web.wait()

    assert answer.startswith(b"HTTP/1.1 204")
    assert code == 0


def test_the_worker_finishes_its_calls_and_settles_their_rows(product, lms):
    product.manage("sync")
    lms.set_limits(latency_ms=1000)
    tables = Tables(product.environment["DATABASE_URL"])
    item = tables.value(
        "SELECT external_reference FROM assignments_content WHERE external_reference <> ''"
    )
    words = f"--as manager@example.com --all --due 2027-01-15 --status pending --content {item}"
    product.manage("assign", *words.split(), "--yes")
    tables.change("UPDATE assignments_batch SET has_passed_canary = TRUE")
    worker = product.start("worker")
    sending = "SELECT COUNT(*) FROM assignments_assignment WHERE state = 'sending'"
    wait_until(lambda: tables.value(sending) >= 4, "calls are in flight")

    worker.send_signal(signal.SIGTERM)
    code = worker.wait(HANG_SECONDS)

    created = tables.value("SELECT COUNT(*) FROM assignments_assignment WHERE state = 'created'")
    stats = lms.stats()
    assert code == 0
    assert tables.value(sending) == 0
    assert tables.value("SELECT COUNT(*) FROM assignments_assignment WHERE state = 'unknown'") == 0
    # Rows that were claimed but not sent are queued again.
    assert 0 < created < ROWS
    assert (stats["assignments"], stats["duplicates"]) == (created, 0)
    assert tables.value("SELECT COUNT(*) FROM assignments_account WHERE sender <> ''") == 0
