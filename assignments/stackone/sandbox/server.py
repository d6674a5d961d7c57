"""Serve the sandbox with uvicorn, as a process of its own."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

import uvicorn

from assignments.stackone.sandbox.app import build_app
from assignments.stackone.sandbox.options import SandboxOptions
from assignments.stackone.sandbox.protocol import ResettableConnection
from assignments.stackone.sandbox.state import create_state
from assignments.stackone.sandbox.store import Store, UnusableFile

IDLE_SECONDS = 120
BACKLOG = 2048


def serve(options: SandboxOptions) -> None:
    """Serve a sandbox until SIGINT or SIGTERM.

    :raises SystemExit: with 1 if the port or the file cannot be used
    """
    with contextlib.suppress(KeyboardInterrupt), _database_file(options) as path:
        listener = _open_listener(options)
        try:
            _run(options, Store(path), listener)
        except UnusableFile as error:
            _exit(str(error))


@contextlib.contextmanager
def _database_file(options: SandboxOptions) -> Generator[Path]:
    if options.db:
        yield options.db
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-lms-") as folder:
        yield Path(folder) / "lms.sqlite3"


def _open_listener(options: SandboxOptions) -> socket.socket:
    try:
        return socket.create_server((options.host, options.port), backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        _exit(f"Port {options.port} of {options.host} cannot be used: {reason}.")


def _run(options: SandboxOptions, store: Store, listener: socket.socket) -> None:
    with contextlib.closing(store), listener:
        state = create_state(options, store)
        gc.freeze()
        config = uvicorn.Config(
            build_app(state),
            http=ResettableConnection,
            loop="uvloop",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        port = listener.getsockname()[1]
        ready = (
            f"Sandbox LMS ready at http://{options.host}:{port} "
            f"({options.learners:,} learners, {options.content:,} content items)"
        )
        _Server(config, ready).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Prints when it is ready, and stops without waiting: clients must handle that anyway."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._ready, flush=True)  # noqa: T201 -- the parent process waits for this line

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _exit(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)  # noqa: T201 -- the reason, for the person at the command line
    raise SystemExit(1)
