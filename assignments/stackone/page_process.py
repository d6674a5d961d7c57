"""Child process that fetches the pages of lists, so that storing a page never delays the next.

The parent sends `ListRequest`s and, for every page, a send time. It gets back each page, and a
`ListEnd` after the last one. When the parent ends, no further request is sent.
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

from assignments.stackone.call_loop import ClientOptions, forward, ignore_stop_signals
from assignments.stackone.client import StackOne
from assignments.stackone.errors import StackOneError
from assignments.stackone.paging import MAX_EMPTY_PAGES, Pagination
from assignments.stackone.resources import LearningObject, Page, RemoteAssignment, User

AnyPage = Page[User] | Page[LearningObject] | Page[RemoteAssignment]


class ListRequest(NamedTuple):
    """A list to fetch: the name of its method of `StackOne`, and where to start.

    :ivar updated_after: only fetch what changed after this time (UTC)
    :ivar max_empty_pages: how many empty pages may follow one another
    """

    method: str
    updated_after: datetime | None
    cursor: str | None
    max_empty_pages: int = MAX_EMPTY_PAGES


class ListEnd(NamedTuple):
    """The end of a list; `error` says why if the list could not be read to its end."""

    error: StackOneError | None = None


PageMessage = AnyPage | ListEnd


def run(parent: Connection, options: ClientOptions) -> None:
    """Fetch the lists that the parent requests until it ends.

    The parent sends `ListRequest`s, and one monotonic send time for each request to the API.

    :param options: keyword arguments of `StackOne`
    """
    ignore_stop_signals()
    messages: SimpleQueue[PageMessage | None] = SimpleQueue()
    writer = threading.Thread(target=forward, args=(messages, parent))
    writer.start()
    with suppress(EOFError, OSError):
        _Fetcher(parent, messages).run(options)
    messages.put(None)
    writer.join()


class _Fetcher:
    """Fetches the requested lists in order, one page per send time."""

    def __init__(self, parent: Connection, messages: "SimpleQueue[PageMessage | None]") -> None:
        self._parent = parent
        self._messages = messages
        self._requests: deque[ListRequest] = deque()
        self._send_times: deque[float] = deque()
        self._method = ""
        self._position = Pagination()

    def run(self, options: ClientOptions) -> None:
        """Fetch until the parent ends.

        :raises EOFError: the parent ended
        """
        with StackOne(**options, before_request=self._wait_for_send_time) as client:
            while True:
                while not self._requests:
                    self._receive()
                self._messages.put(self._fetch(client, self._requests.popleft()))

    def _fetch(self, client: StackOne, request: ListRequest) -> ListEnd:
        position = self._move_to(request)
        pages = getattr(client, request.method)(request.updated_after, position)
        try:
            for page in pages:
                self._messages.put(page)
        except StackOneError as error:
            return ListEnd(error)
        return ListEnd()

    def _move_to(self, request: ListRequest) -> Pagination:
        """Return where to read; a list that is continued keeps what was read of it."""
        is_continued = (self._method, self._position.cursor) == (request.method, request.cursor)
        if not is_continued or request.cursor is None:
            limit = request.max_empty_pages
            self._position = Pagination(request.cursor, max_empty_pages=limit)
        self._method = request.method
        return self._position

    def _wait_for_send_time(self) -> None:
        while not self._send_times:
            self._receive()
        time.sleep(max(0.0, self._send_times.popleft() - time.monotonic()))
        parent = multiprocessing.parent_process()
        # Send times that were received before the parent ended must not be used.
        if parent is None or not parent.is_alive():
            raise EOFError

    def _receive(self) -> None:
        message = self._parent.recv()
        if isinstance(message, ListRequest):
            self._requests.append(message)
        else:
            self._send_times.append(message)
