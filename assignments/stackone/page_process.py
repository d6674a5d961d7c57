"""The process that fetches the pages of lists, so that storing some never holds up the next.

Its owner tells it what to walk through and gives it leave for every request; it tells its owner
each page and how the walk ended. Once the owner is gone nothing more leaves.
"""

import multiprocessing
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import NamedTuple

from assignments.stackone.call_loop import Options, outlive_signals, tell
from assignments.stackone.client import StackOne
from assignments.stackone.errors import StackOneError
from assignments.stackone.resources import LearningObject, Page, RemoteAssignment, User

AnyPage = Page[User] | Page[LearningObject] | Page[RemoteAssignment]


class Walk(NamedTuple):
    """A list, by the name of its method of `StackOne`, and where to begin in it."""

    through: str
    updated_after: datetime | None
    cursor: str | None


class End(NamedTuple):
    """No page of the walk follows, because there is none or something went wrong."""

    problem: StackOneError | None = None


Told = AnyPage | End


def serve(owner: Connection, options: Options) -> None:
    """Fetch what the owner asks for until it is gone.

    The owner sends walks, and for each request the moment of the monotonic clock at which it may
    leave.

    :param options: what `StackOne` is made with
    """
    outlive_signals()
    told: SimpleQueue[Told | None] = SimpleQueue()
    telling = threading.Thread(target=tell, args=(owner, told))
    telling.start()
    with suppress(EOFError, OSError):
        _Fetcher(owner, told).run(options)
    told.put(None)
    telling.join()


class _Fetcher:
    """Walks through one list after the other, with the leave that has come so far."""

    def __init__(self, owner: Connection, told: "SimpleQueue[Told | None]") -> None:
        self._owner = owner
        self._told = told
        self._walks: deque[Walk] = deque()
        self._leaves_at: deque[float] = deque()

    def run(self, options: Options) -> None:
        """Fetch until the owner is gone.

        :raises EOFError: it is
        """
        with StackOne(**options, pace=self._wait) as client:
            while True:
                while not self._walks:
                    self._hear()
                self._told.put(self._walked(client, self._walks.popleft()))

    def _walked(self, client: StackOne, walk: Walk) -> End:
        pages = getattr(client, walk.through)(walk.updated_after, walk.cursor)
        try:
            for page in pages:
                self._told.put(page)
        except StackOneError as error:
            return End(error)
        return End()

    def _wait(self) -> None:
        while not self._leaves_at:
            self._hear()
        time.sleep(max(0.0, self._leaves_at.popleft() - time.monotonic()))
        owner = multiprocessing.parent_process()
        # Leave that it gave is none any more once it is gone.
        if owner is None or not owner.is_alive():
            raise EOFError

    def _hear(self) -> None:
        said = self._owner.recv()
        if isinstance(said, Walk):
            self._walks.append(said)
        else:
            self._leaves_at.append(said)
