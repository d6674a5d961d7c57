"""A temporary redis-server that can be killed and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.reaper import end_with_this_process
from tests.waiting import wait_until


class Broker:
    """A server on a Unix socket in `folder`, so that it needs no port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "broker.sock"
        self.url = f"redis+socket://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start an empty server and wait until it responds."""
        flags = {
            "port": "0",
            "unixsocket": str(self._socket),
            "save": "",
            "appendonly": "no",
            "dir": str(self._folder),
            "logfile": str(self._folder / "broker.log"),
        }
        options = [part for name, value in flags.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen([_program(), *options])
        end_with_this_process(self._process.pid)
        wait_until(self._is_up, "Redis responds", explain=(self._folder / "broker.log").read_text)

    def kill(self) -> None:
        """Kill the server; its data is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        self._socket.unlink(missing_ok=True)

    def client(self) -> redis.Redis:
        """Return a client of the server."""
        return redis.Redis(unix_socket_path=str(self._socket))

    def _is_up(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_broker() -> Iterator[Broker]:
    """Run a server during the block; skip the test if none is installed, except in CI."""
    if not shutil.which("redis-server") and not os.environ.get("CI"):
        pytest.skip("No redis-server here. Install it (on Debian: apt-get install redis-server).")
    with tempfile.TemporaryDirectory(prefix="desk-broker-") as name:
        broker = Broker(Path(name))
        broker.start()
        try:
            yield broker
        finally:
            broker.kill()


def _program() -> str:
    path = shutil.which("redis-server")
    assert path, "CI needs redis-server: .ci/run installs it."
    return path
