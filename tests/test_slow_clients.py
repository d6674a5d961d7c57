"""The production server, started as in the Procfile, with slow clients."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.reaper import end_with_this_process
from tests.sandbox_process import ROOT
from tests.waiting import HANG_SECONDS, wait_until

pytestmark = pytest.mark.processes
GIVES_UP_AFTER_SECONDS = 5


@pytest.fixture(scope="module")
def port():
    """Return the address of the site."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    line = re.search(r"^web: exec (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert line
    server, *flags = line[1].replace("$PORT", str(number)).split()
    command = [str(Path(sys.executable).with_name(server)), *flags]
    site = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"DESK_DEMO": "1"})
    end_with_this_process(site.pid)
    try:
        wait_until(lambda: _accepts_connections(number), "the site accepts connections")
        yield number
    finally:
        site.terminate()
        site.wait(HANG_SECONDS)


def _accepts_connections(number):
    try:
        socket.create_connection(("127.0.0.1", number)).close()
    except OSError:
        return False
    return True


def ask(port, text):
    """Return a connection after sending these bytes."""
    connection = socket.create_connection(("127.0.0.1", port), HANG_SECONDS)
    connection.sendall(text)
    return connection


def test_a_client_that_sends_headers_slowly_is_disconnected(port):
    began = time.monotonic()
    with ask(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n") as slow:
        with ask(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as quick:
            assert quick.recv(15) == b"HTTP/1.1 200 OK"[:15]

        assert slow.recv(100) == b""

    assert time.monotonic() - began > GIVES_UP_AFTER_SECONDS - 1


def test_headers_without_end_are_refused(port):
    with ask(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ") as long:
        try:
            for _ in range(100):
                long.sendall(b"x" * 10_000)
            response = long.recv(100)
        except ConnectionError:
            response = b""

    assert b" 200 " not in response


def test_a_request_that_announces_too_much_is_refused_unread(port):
    head = (
        b"POST /login/demo/manager HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n"
    )
    with ask(port, head) as large:
        response = large.recv(30)

    assert response.startswith(b"HTTP/1.1 413")
