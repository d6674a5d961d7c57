"""Prefetch pages of a list in a child process while the previous pages are stored."""

import multiprocessing
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic
from typing import Final, Self, cast

from django.conf import settings

from assignments.services.calls.call_process import PROCESSES
from assignments.services.pacing import rate_budget
from assignments.stackone import page_process
from assignments.stackone.call_loop import ClientOptions
from assignments.stackone.errors import OutcomeUnknown
from assignments.stackone.page_process import AnyPage, ListEnd, ListRequest, PageMessage

# Limit of pages that are requested or wait to be stored, so that a slow disk cannot fill memory.
MAX_AHEAD: Final = 48
# Senders share the rate budget; a sync reserves at most this many seconds of it in advance.
RESERVED_SECONDS: Final = 0.5
# Pages that arrive within this time are stored in one transaction, which costs one disk flush.
GATHER_SECONDS: Final = 0.1
MAX_GROUP: Final = 24
PROCESS_ENDED: Final = (
    "The process that read the LMS ended unexpectedly; the next sync continues from here."
)


class ProcessEnded(OutcomeUnknown):
    """The child process ended, so that this prefetcher reads no more."""


class PagePrefetcher:
    """Fetches pages in a child process, for which it reserves slots of the rate budget.

    :param client_options: the arguments of `StackOne` in the child process
    """

    def __init__(self, client_options: ClientOptions, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        reservable = settings.STACKONE_REQUESTS_PER_MINUTE / 60 * RESERVED_SECONDS
        self._max_reserved = self._unreserved = max(2, min(MAX_AHEAD, int(reservable)))
        self._pipe, child_pipe = multiprocessing.Pipe()
        with child_pipe:
            self.process = PROCESSES.Process(
                target=page_process.run, args=(child_pipe, client_options)
            )
            self.process.start()

    def __enter__(self) -> Self:
        self._reserve(0)
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        # Reading changes nothing in the LMS, so a request in flight can be dropped.
        self.process.kill()
        self.process.join()

    def groups(self, list_request: ListRequest) -> Iterator[list[AnyPage]]:
        """Yield the pages of a list in order, in groups of at most MAX_GROUP.

        :raises StackOneError: if a page cannot be read, after the pages before it
        :raises ProcessEnded: if the child process ended
        """
        self._send(list_request)
        end: ListEnd | None = None
        while end is None:
            group: list[AnyPage] = []
            for message in self._receive_group():
                if isinstance(message, ListEnd):
                    end = message
                else:
                    group.append(message)
            if group:
                yield group
                self._reserve(len(group))
        if end.error is not None:
            # Its request had a slot as well; the list may be continued.
            self._reserve(1)
            raise end.error

    def _reserve(self, stored: int) -> None:
        """Reserve slots for as many requests as pages were stored, several in one transaction."""
        self._unreserved += stored
        if self._unreserved * 2 >= self._max_reserved:
            now, now_monotonic = self._clock(), monotonic()
            for slot in rate_budget.reserve(self._unreserved, now=now):
                # The system clock may be set at any time, so slots are sent as monotonic seconds.
                self._send(now_monotonic + (slot - now).total_seconds())
            self._unreserved = 0

    def _receive_group(self) -> Iterator[PageMessage]:
        """Wait for one message, then yield those of the next GATHER_SECONDS or until the end."""
        message = self._receive()
        yield message
        ends_monotonic, count = monotonic() + GATHER_SECONDS, 1
        while count < MAX_GROUP and not isinstance(message, ListEnd):
            if not self._pipe.poll(max(0.0, ends_monotonic - monotonic())):
                return
            message = self._receive()
            yield message
            count += 1

    def _receive(self) -> PageMessage:
        try:
            return cast("PageMessage", self._pipe.recv())
        except (EOFError, OSError):
            raise ProcessEnded(PROCESS_ENDED) from None

    def _send(self, message: ListRequest | float) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            raise ProcessEnded(PROCESS_ENDED) from None
