"""The process that makes a sender's calls, so that writing down outcomes never holds one up.

Its owner tells it what to do by the methods of `Flight`; it tells its owner what landed. Once the
owner is gone, by its own will or not, nothing more leaves.
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
from assignments.stackone.call_scheduler import Flight, Landed

# An outcome is written within a tenth of a second; until then nobody waits for news of it.
TOLD_WITHIN: Final = 0.01

type Order = tuple[str, tuple[Any, ...]]
type Options = dict[str, Any]


def serve(owner: Connection, options: Options) -> None:
    """Make calls until the owner says None or is gone, then finish those that are out.

    :param options: what `AsyncStackOne` is made with
    """
    outlive_signals()
    landed: SimpleQueue[list[Landed] | None] = SimpleQueue()
    telling = threading.Thread(target=tell, args=(owner, landed))
    telling.start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_fly(owner, options, landed.put))
    landed.put(None)
    telling.join()


def outlive_signals() -> None:
    """Let the process end with its owner alone: who stops a worker may signal all its processes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def tell(owner: Connection, news: "SimpleQueue[Any]") -> None:
    """Tell the owner what comes, in a thread because it may be slow to listen, until None."""
    with suppress(OSError):
        while (one := news.get()) is not None:
            owner.send(one)


async def _fly(owner: Connection, options: Options, tell: Callable[[list[Landed]], None]) -> None:
    async with AsyncStackOne(**options) as client:
        told_together = _Together(tell)
        flight = Flight(client, told_together.add)
        loop, is_left = asyncio.get_running_loop(), asyncio.Event()

        def listen() -> None:
            with suppress(EOFError, OSError):
                while (order := owner.recv()) is not None:
                    loop.call_soon_threadsafe(_obey, flight, order)
            loop.call_soon_threadsafe(is_left.set)

        threading.Thread(target=listen, daemon=True).start()
        await is_left.wait()
        await flight.finish()
        told_together.tell()


class _Together:
    """Tells what landed within a moment in one message: each costs both sides a wake-up."""

    def __init__(self, tell: Callable[[list[Landed]], None]) -> None:
        self._tell = tell
        self._landed: list[Landed] = []

    def add(self, landed: Landed) -> None:
        if not self._landed:
            asyncio.get_running_loop().call_later(TOLD_WITHIN, self.tell)
        self._landed.append(landed)

    def tell(self) -> None:
        landed, self._landed = self._landed, []
        if landed:
            self._tell(landed)


def _obey(flight: Flight, order: Order) -> None:
    name, arguments = order
    getattr(flight, name)(*arguments)
