"""A throw-away redis-server in a folder of its own, which can be killed and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

STARTS_WITHIN_SECONDS = 10


class Broker:
    """One server on a socket in `folder`: no port to collide with, nothing others can reach."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "broker.sock"
        self.url = f"redis+socket://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, with nothing in it, and wait until it answers."""
        flags = {
            "port": "0",
            "unixsocket": str(self._socket),
            "save": "",
            "appendonly": "no",
            "dir": str(self._folder),
            "logfile": str(self._folder / "broker.log"),
        }
        words = [word for name, value in flags.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([_program(), *words])
        ends = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._answers():
            assert time.monotonic() < ends, (self._folder / "broker.log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """End the server as a power cut would: what was in it is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        self._socket.unlink(missing_ok=True)

    def client(self) -> redis.Redis:
        """Return a client that shows what the server holds."""
        return redis.Redis(unix_socket_path=str(self._socket))

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_broker() -> Iterator[Broker]:
    """Run a server as long as the block lasts; skips where none is installed, but not in CI."""
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
