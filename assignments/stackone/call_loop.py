"""Child process that makes a sender's API calls, so that database writes never delay a call.

The parent process sends method calls for the `CallScheduler` through a pipe and gets back lists of
`FinishedCall`. When the parent ends, even by SIGKILL, no further call is sent.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, Final

import uvloop

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.call_scheduler import CallScheduler, FinishedCall

# The parent writes outcomes about ten times a second, so this delay, in seconds, costs nothing.
BATCH_SECONDS: Final = 0.01

# A method of `CallScheduler` by name, and its arguments.
type MethodCall = tuple[str, tuple[object, ...]]
# Keyword arguments of the client, each of another type; they cross the pipe to the child process.
type ClientOptions = dict[str, Any]


def run(parent: Connection, options: ClientOptions) -> None:
    """Make calls until the parent sends None or ends, then wait for the calls in flight.

    :param options: keyword arguments of `AsyncStackOne`
    """
    ignore_stop_signals()
    finished: SimpleQueue[list[FinishedCall] | None] = SimpleQueue()
    writer = threading.Thread(target=forward, args=(finished, parent))
    writer.start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_scheduler(parent, options, finished.put))
    finished.put(None)
    writer.join()


def ignore_stop_signals() -> None:
    """Ignore SIGINT and SIGTERM, which may reach the whole process group: the parent decides."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def forward[Message](messages: "SimpleQueue[Message | None]", parent: Connection) -> None:
    """Send queued messages to the parent until None; blocks while the parent does not read."""
    with suppress(OSError):
        while (message := messages.get()) is not None:
            parent.send(message)


async def _run_scheduler(
    parent: Connection, options: ClientOptions, send: Callable[[list[FinishedCall]], None]
) -> None:
    async with AsyncStackOne(**options) as client:
        batcher = _Batcher(send)
        scheduler = CallScheduler(client, batcher.add)
        loop, is_closed = asyncio.get_running_loop(), asyncio.Event()

        def receive() -> None:
            with suppress(EOFError, OSError):
                while (call := parent.recv()) is not None:
                    loop.call_soon_threadsafe(_call_method, scheduler, call)
            loop.call_soon_threadsafe(is_closed.set)

        threading.Thread(target=receive, daemon=True).start()
        await is_closed.wait()
        await scheduler.finish()
        batcher.flush()


class _Batcher:
    """Collect finished calls for `BATCH_SECONDS`: every message wakes both processes."""

    def __init__(self, send: Callable[[list[FinishedCall]], None]) -> None:
        self._send = send
        self._finished: list[FinishedCall] = []

    def add(self, call: FinishedCall) -> None:
        if not self._finished:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)
        self._finished.append(call)

    def flush(self) -> None:
        finished, self._finished = self._finished, []
        if finished:
            self._send(finished)


def _call_method(scheduler: CallScheduler, call: MethodCall) -> None:
    name, arguments = call
    getattr(scheduler, name)(*arguments)
