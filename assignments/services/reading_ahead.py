"""Fetching the next pages of a list in a thread while the ones before are being stored."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Final

from django.conf import settings

from assignments.services import budget

# So many pages may be on their way or wait to be stored: a slow disk must not fill the memory.
AHEAD: Final = 48
# Senders share the budget: they must not wait longer than this behind what a sync reserves.
RESERVED_SECONDS: Final = 0.5
# One transaction for what arrives within so long: each waits for the disk and adds to the index.
GATHER_SECONDS: Final = 0.3
MOST_AT_ONCE: Final = 24


class Permits:
    """Places in the request budget: reserved by whoever has the database, used by the fetcher."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._slots: SimpleQueue[datetime | None] = SimpleQueue()
        in_time = settings.STACKONE_REQUESTS_PER_MINUTE / 60 * RESERVED_SECONDS
        self._most = self._free = max(2, min(AHEAD, int(in_time)))

    def refill(self, used: int = 0) -> None:
        """Reserve places for the pages that were stored, several in one transaction."""
        self._free += used
        if self._free * 2 >= self._most:
            for slot in budget.take(self._free, now=self._clock()):
                self._slots.put(slot)
            self._free = 0

    def wait(self) -> None:
        """Sleep until the next request may leave.

        :raises Over: nothing more is wanted
        """
        slot = self._slots.get()
        if slot is None:
            raise Over
        sleep(max(0.0, (slot - self._clock()).total_seconds()))

    def end(self) -> None:
        """Let no further request leave."""
        self._slots.put(None)


class Over(Exception):
    """Nobody waits for further pages."""


@dataclass(frozen=True, slots=True)
class End:
    """No page follows, because there is none or something went wrong."""

    problem: BaseException | None


@contextmanager
def read_ahead[Page](pages: Iterable[Page], permits: Permits) -> Iterator[Iterator[list[Page]]]:
    """Give the pages in groups: all that have arrived while the group before was stored.

    What goes wrong in fetching is raised where the pages are taken.
    """
    arrived: SimpleQueue[Page | End] = SimpleQueue()

    def fetch() -> None:
        problem: BaseException | None = None
        try:
            for page in pages:
                arrived.put(page)
        except BaseException as error:
            # Raised again where the pages are taken.
            problem = error
        arrived.put(End(problem))

    thread = threading.Thread(target=fetch, name="sync-pages")
    thread.start()
    try:
        yield _groups(arrived, permits)
    except BaseException:
        permits.end()
        raise
    finally:
        thread.join()


def _groups[Page](arrived: "SimpleQueue[Page | End]", permits: Permits) -> Iterator[list[Page]]:
    end: End | None = None
    while end is None:
        group: list[Page] = []
        for entry in _waiting(arrived):
            if isinstance(entry, End):
                end = entry
            else:
                group.append(entry)
        if group:
            yield group
            permits.refill(len(group))
    if end.problem is not None:
        raise end.problem


def _waiting[Page](arrived: "SimpleQueue[Page | End]") -> "Iterator[Page | End]":
    """Yield what arrives in a while, but wait for no more once the end is there."""
    entry = arrived.get()
    yield entry
    ends_at, count = monotonic() + GATHER_SECONDS, 1
    while count < MOST_AT_ONCE and not isinstance(entry, End):
        try:
            entry = arrived.get(timeout=max(0.0, ends_at - monotonic()))
        except Empty:
            return
        yield entry
        count += 1
