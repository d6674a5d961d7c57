"""Run the sandbox LMS as a real process, for tests over a socket."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

import httpx

from tests.reaper import end_with_this_process
from tests.waiting import HANG_SECONDS, WaitTimeout, wait_until

ROOT = Path(__file__).resolve().parent.parent
SMALL_DATA = {"learners": 60, "content": 40, "requests_per_minute": 0}
KEY = httpx.BasicAuth("sandbox", "")
ACCOUNT = {"x-account-id": "sandbox"}
# The sandbox has no TLS; loading the authorities of the system takes longer than a request.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Sandbox:
    """A running sandbox and its control endpoints."""

    base_url: str
    process: subprocess.Popen[str]

    def client(self, timeout: float = 10) -> httpx.Client:
        """Return a client with the sandbox's key and account."""
        return httpx.Client(
            base_url=self.base_url,
            auth=KEY,
            headers=ACCOUNT,
            timeout=timeout,
            trust_env=False,
            verify=NO_AUTHORITIES,
        )

    def send_create(self, user: str) -> socket.socket:
        """Send a create over a bare socket and return it, with the response unread."""
        address = urlsplit(self.base_url)
        body = '{"learning_object_external_reference": "NWL-1001"}'
        head = (
            f"POST /unified/lms/users/{user}/assignments HTTP/1.1",
            f"Host: {address.netloc}",
            "User-Agent: bare",
            "Authorization: Basic c2FuZGJveDo=",
            "x-account-id: sandbox",
            f"Content-Length: {len(body)}",
        )
        connection = socket.create_connection((str(address.hostname), address.port or 80), 5)
        connection.sendall(("\r\n".join(head) + "\r\n\r\n" + body).encode())
        return connection

    def stats(self, *, held: bool = False, per_second: bool = False) -> dict[str, Any]:
        """Return the counts of requests, assignments and duplicates; with details if asked for."""
        query = f"held={held:d}&per_second={per_second:d}"
        return dict(self._control("GET", f"/sandbox/stats?{query}"))

    def set_faults(
        self, shares: Mapping[str, float] | None = None, *, script: Sequence[str] = ()
    ) -> None:
        """Replace the faults: shares by fault, and a script of faults for the next creates."""
        self._control("POST", "/sandbox/faults", {**(shares or {}), "script": list(script)})

    def set_limits(self, **limits: int | bool) -> None:
        """Change `requests_per_minute`, `window_seconds`, `latency_ms` or `rate_headers`."""
        self._control("POST", "/sandbox/limits", limits)

    def change(self, entry_id: str, **fields: Any) -> None:
        """Change a learner, an item or a course in the LMS: `active=False`, for one."""
        self._control("POST", "/sandbox/directory", {entry_id: fields})

    def reset(self) -> None:
        """Delete what was created, and reset counters and changed records."""
        self._control("POST", "/sandbox/reset")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the sandbox and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(HANG_SECONDS)

    def _control(self, method: str, path: str, body: object = None) -> Any:
        with httpx.Client(trust_env=False, verify=NO_AUTHORITIES) as client:
            return client.request(method, self.base_url + path, json=body).raise_for_status().json()


@contextmanager
def running_sandbox(**flags: Any) -> Iterator[Sandbox]:
    """Run `manage.py sandbox` on a free port, with little data and without a rate limit.

    Flags are named as the command's: `learners=10, faults={"500": 0.1}, odd_forms=True`.
    """
    process = start_sandbox(**flags)
    try:
        yield Sandbox(_address(process), process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=HANG_SECONDS)


def start_sandbox(**flags: Any) -> subprocess.Popen[str]:
    """Start `manage.py sandbox` with flags, without waiting until it is ready."""
    arguments = [
        argument
        for flag in ({"port": 0} | SMALL_DATA | flags).items()
        for argument in _arguments(*flag)
    ]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ | {"DESK_DEMO": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end_with_this_process(process.pid)
    return process


def _arguments(name: str, value: Any) -> list[str]:
    flag = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        return [flag] if value else []
    if isinstance(value, Mapping):
        value = ",".join(f"{kind}={share}" for kind, share in value.items())
    return [flag, str(value)]


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.match(r"Sandbox LMS ready at (http://\S+)", line)
    if match is None:
        problem = process.communicate(timeout=HANG_SECONDS)[1]
        raise RuntimeError(f"The sandbox did not start: {line}{problem}")
    return match[1]


def outlives_parent(script: str) -> bool:
    """Kill a script that prints its child's process id; return whether the child stays alive."""
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        child = Path(f"/proc/{int(cast('IO[str]', parent.stdout).readline())}")
        parent.kill()
    try:
        wait_until(lambda: not child.exists(), "the child ends with its parent", seconds=60)
    except WaitTimeout:
        return True
    return False
