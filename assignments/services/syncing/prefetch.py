"""The next pages of a list, fetched by a process of their own while those before are stored."""

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic
from typing import Final, Self, cast

from django.conf import settings

from assignments.services.calls import rate_budget
from assignments.services.calls.call_process import PROCESSES
from assignments.stackone import page_process
from assignments.stackone.call_loop import Options
from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.page_process import AnyPage, End, Told, Walk

# So many pages may be on their way or wait to be stored: a slow disk must not fill the memory.
AHEAD: Final = 48
# Senders share the budget: they must not wait longer than this behind what a sync reserves.
RESERVED_SECONDS: Final = 0.5
# One transaction for what arrives within so long: each waits for the disk and adds to the index.
GATHER_SECONDS: Final = 0.1
MOST_AT_ONCE: Final = 24
LOST: Final = "The process that read the LMS ended by itself; the next sync goes on from here."


class PagesAhead:
    """The process that fetches pages, and the places in the request budget that it is given.

    :param options: what the client in the other process is made with
    """

    def __init__(self, options: Options, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        in_time = settings.STACKONE_REQUESTS_PER_MINUTE / 60 * RESERVED_SECONDS
        self._most = self._free = max(2, min(AHEAD, int(in_time)))
        self._end, theirs = multiprocessing.Pipe()
        with theirs:
            self.process = PROCESSES.Process(target=page_process.serve, args=(theirs, options))
            self.process.start()

    def __enter__(self) -> Self:
        self._reserve(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        # It only reads, so nothing is lost with a request that is on its way.
        self.process.kill()
        self.process.join()

    def groups(self, walk: Walk) -> Iterator[list[AnyPage]]:
        """Yield the pages of a walk, all at once that arrived while those before were stored.

        :raises StackOneError: what went wrong, after the pages before it
        """
        self._send(walk)
        end: End | None = None
        while end is None:
            group: list[AnyPage] = []
            for one in self._arrived():
                if isinstance(one, End):
                    end = one
                else:
                    group.append(one)
            if group:
                yield group
                self._reserve(len(group))
        if end.problem is not None:
            raise end.problem

    def _reserve(self, used: int) -> None:
        """Reserve places for the pages that were stored, several in one transaction."""
        self._free += used
        if self._free * 2 >= self._most:
            now, began = self._clock(), monotonic()
            for slot in rate_budget.take(self._free, now=now):
                # The time of day may be set at any moment: only the distance from `now` is true.
                self._send(began + (slot - now).total_seconds())
            self._free = 0

    def _arrived(self) -> Iterator[Told]:
        """Yield what arrives in a while, but wait for no more once the end is there."""
        one = self._heard()
        yield one
        ends_at, count = monotonic() + GATHER_SECONDS, 1
        while count < MOST_AT_ONCE and not isinstance(one, End):
            if not self._end.poll(max(0.0, ends_at - monotonic())):
                return
            one = self._heard()
            yield one
            count += 1

    def _heard(self) -> Told:
        try:
            return cast("Told", self._end.recv())
        except (EOFError, OSError):
            raise OutcomeUnknown(LOST) from None

    def _send(self, said: Walk | float) -> None:
        try:
            self._end.send(said)
        except OSError:
            raise OutcomeUnknown(LOST) from None
