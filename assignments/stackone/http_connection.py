"""One HTTP/1.1 connection over asyncio, for one request at a time; llhttp parses the responses.

It replaces httpx's connection pool, whose cost grows with the square of its connections: with 64
concurrent calls httpx managed 168 calls a second, an eighteenth of these connections (`make bench`,
November 2026).
"""

import asyncio
from typing import Final, cast, override

import httptools
import httpx

MAX_RESPONSE_BYTES: Final = 10_000_000
FIRST_FINAL_STATUS: Final = 200
STATUSES_WITHOUT_BODY: Final = frozenset({204, 304})
# A response with one of these headers says itself where it ends (RFC 9112, 6.3); any other ends
# with its connection.
FRAMING_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})

# Status, headers, chunks of the body.
type RawResponse = tuple[int, list[tuple[bytes, bytes]], list[bytes]]


class Connection(asyncio.Protocol):
    """A connection for one request at a time.

    Whatever ends a request before its response is complete also closes the connection, so that a
    late response can never be taken for that of the next request.

    :ivar is_open: whether another request may be sent
    :ivar idle_since: monotonic seconds; set by the owner when it keeps the connection for later
    """

    _status: int = 0
    _is_framed: bool = False

    def __init__(self) -> None:
        self.is_open = False
        self.idle_since = 0.0
        self._response: asyncio.Future[RawResponse] | None = None

    async def exchange(self, request: bytes) -> RawResponse:
        """Send a request and return its response.

        :raises httpx.ReadError: the connection broke before the response was complete
        :raises httpx.RemoteProtocolError: the response is not HTTP, or is too long
        """
        self._response = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._reset()
        self._transport.write(request)
        try:
            return await self._response
        except BaseException:
            self.close()
            raise
        finally:
            self._response = None

    @property
    def peer(self) -> str:
        """Return the IP address at the other end."""
        return str(self._transport.get_extra_info("peername")[0])

    def close(self) -> None:
        """Close the connection without waiting for anything."""
        self.is_open = False
        self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    @override
    def data_received(self, data: bytes) -> None:
        # An unrequested response would be taken for that of the next request.
        if self._response is None or self._response.done():
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"not an HTTP response: {error}"))

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._status and not self._is_framed and error is None:
            self._complete()
        self._fail(httpx.ReadError(str(error or "closed by the other side")))

    def on_message_begin(self) -> None:
        """Parser callback: a response begins; a second one closes the connection."""
        if self._response is None or self._response.done():
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback: keep a header."""
        self._headers.append((name, value))
        self._is_framed = self._is_framed or name.lower() in FRAMING_HEADERS

    def on_headers_complete(self) -> None:
        """Parser callback: keep the status."""
        self._status = self._parser.get_status_code()

    def on_body(self, chunk: bytes) -> None:
        """Parser callback: keep a chunk of the body."""
        self._size += len(chunk)
        self._chunks.append(chunk)
        if self._size > MAX_RESPONSE_BYTES:
            self._fail(httpx.RemoteProtocolError("the response is too long"))

    def on_message_complete(self) -> None:
        """Parser callback: complete the exchange; skip interim (1xx) responses."""
        if self._status < FIRST_FINAL_STATUS:
            self._reset()
        elif self._is_framed or self._status in STATUSES_WITHOUT_BODY:
            self.is_open = self.is_open and self._parser.should_keep_alive()
            self._complete()

    def _reset(self) -> None:
        self._status, self._size, self._is_framed = 0, 0, False
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: list[bytes] = []

    def _complete(self) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_result((self._status, self._headers, self._chunks))
            self._reset()
        if not self.is_open:
            self._transport.abort()

    def _fail(self, error: httpx.TransportError) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_exception(error)
