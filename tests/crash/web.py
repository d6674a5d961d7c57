"""The web process as the Procfile starts it, and a manager who uses its pages."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from contextlib import closing
from typing import Self

import httpx

from tests.product_processes import Product
from tests.reaper import end_with_this_process
from tests.sandbox_process import ROOT
from tests.waiting import HANG_SECONDS, wait_until

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
APPLICATION = "dashboard.wsgi:application"
WORDS = (
    *("--interface", "wsgi", "--host", "127.0.0.1"),
    *("--blocking-threads", "4", "--no-ws", "--log-level", "error"),
)


class Web:
    """The site on a port of its own; killing it kills all its processes."""

    def __init__(self, product: Product, *, processes: int = 1) -> None:
        self._processes = str(processes)
        self._environment = product.environment
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the site and wait until it responds."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "granian", *WORDS, "--workers", self._processes),
                *("--port", str(self._port), APPLICATION),
            ],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end_with_this_process(self._process.pid)
        wait_until(self.is_up, "the site responds")

    @property
    def pid(self) -> int:
        """Return the id of its main process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill all its processes."""
        self._end(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the main process only, as a supervisor does."""
        assert self._process is not None
        self._process.terminate()

    def wait(self) -> int:
        """Wait until it ends and return the exit code."""
        assert self._process is not None
        code = self._process.wait(HANG_SECONDS)
        self._process = None
        return code

    def is_up(self) -> bool:
        """Return whether the site responds."""
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, number)
            self._process.wait()
            self._process = None


class Manager:
    """A signed-in manager with a browser that keeps cookies."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=HANG_SECONDS, trust_env=False)
        self.post("/login/demo/manager", seen_on="/login/")

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies of the browser, including the session."""
        return self._client.cookies

    def get(self, path: str) -> httpx.Response:
        """Open a page."""
        return self._client.get(path)

    def post(self, path: str, seen_on: str = "/", **fields: object) -> httpx.Response:
        """Submit a form of a page, with the CSRF token of `seen_on`."""
        token = TOKEN.search(self.get(seen_on).text)
        assert token is not None, f"There is no form on {seen_on}."
        return self.press(path, token[1], **fields)

    def press(self, path: str, token: str, **fields: object) -> httpx.Response:
        """Submit a form with a given CSRF token."""
        return self._client.post(path, data={"csrfmiddlewaretoken": token, **fields})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


class PageReloader:
    """Reloads the list of batches every 0.25 s and counts the statuses."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._reload)
        self.responses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _reload(self) -> None:
        while not self._is_over.wait(0.25):
            self.responses[self._status()] += 1

    def _status(self) -> str:
        try:
            return str(self._manager.get("/batches/").status_code)
        except httpx.HTTPError:
            return "none"


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])
