"""One HTTP/1.1 connection over asyncio: a request is written, its answer is read, or it is closed.

httpx's own pool takes time in proportion to the square of its connections, which makes 64 of them
eighteen times slower than these. What is hard about HTTP, reading it, is left to llhttp.
"""

import asyncio
from typing import Final, cast, override

import httptools
import httpx

LARGEST_ANSWER: Final = 10_000_000
FIRST_FINAL: Final = 200
WITHOUT_BODY: Final = frozenset({204, 304})
FRAMED_BY: Final = frozenset({b"content-length", b"transfer-encoding"})

type Answer = tuple[int, list[tuple[bytes, bytes]], list[bytes]]


class Connection(asyncio.Protocol):
    """A connection for one request at a time.

    Whatever ends a request before its answer is whole closes the connection too, so that a late
    answer can never be taken for that of the next request.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.idle_since = 0.0
        self._answer: asyncio.Future[Answer] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Write a request and return the status, the headers and the parts of the body.

        :raises httpx.ReadError: the connection broke before the answer was whole
        :raises httpx.RemoteProtocolError: what came is no answer, or too long a one
        """
        self._answer = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._forget()
        self._transport.write(request)
        try:
            return await self._answer
        except BaseException:
            self.close()
            raise
        finally:
            self._answer = None

    @property
    def peer(self) -> str:
        """Return the IP address at the other end."""
        return str(self._transport.get_extra_info("peername")[0])

    def close(self) -> None:
        """Close the connection at once."""
        self.is_open = False
        self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    @override
    def data_received(self, data: bytes) -> None:
        # An answer that nobody asked for would be taken for the next one.
        if self._answer is None or self._answer.done():
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"no HTTP answer: {error}"))

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._status and not self._is_framed and error is None:
            self._finish()
        self._fail(httpx.ReadError(str(error or "closed by the other side")))

    def on_message_begin(self) -> None:
        """Close what goes on talking after the answer."""
        if self._answer is None or self._answer.done():
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name, value))
        self._is_framed = self._is_framed or name.lower() in FRAMED_BY

    def on_headers_complete(self) -> None:
        """Keep the status."""
        self._status = self._parser.get_status_code()

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._size += len(part)
        self._parts.append(part)
        if self._size > LARGEST_ANSWER:
            self._fail(httpx.RemoteProtocolError("the answer is too long"))

    def on_message_complete(self) -> None:
        """Hand the answer over; one that only promises another (1xx) is passed by."""
        if self._status < FIRST_FINAL:
            self._forget()
        elif self._is_framed or self._status in WITHOUT_BODY:
            self.is_open = self.is_open and self._parser.should_keep_alive()
            self._finish()

    _status: int = 0
    _is_framed: bool = False

    def _forget(self) -> None:
        self._status, self._size, self._is_framed = 0, 0, False
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []

    def _finish(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((self._status, self._headers, self._parts))
            self._forget()
        if not self.is_open:
            self._transport.abort()

    def _fail(self, error: httpx.TransportError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
