"""One HTTP/1.1 connection over asyncio, for one request at a time; llhttp parses the responses.

It replaces httpx's connection pool, whose cost grows with the square of its connections: with 64
concurrent calls httpx managed 168 calls a second, an eighteenth of these connections (`make bench`,
November 2026).
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final, cast, override

import httptools
import httpx

MAX_RESPONSE_BYTES: Final = 10_000_000
FIRST_FINAL_STATUS: Final = 200
STATUSES_WITHOUT_BODY: Final = frozenset({204, 304})
# A response with one of these headers says itself where it ends (RFC 9112, 6.3); any other ends
# with its connection.
FRAMING_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})


@dataclass(slots=True)
class Head:
    """Status and headers of a response, as far as they have arrived.

    :ivar status: 0 until the status line of a final response has arrived
    """

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """A connection for one request at a time.

    Whatever ends a request before its response is complete also closes the connection, so that a
    late response can never be taken for that of the next request.

    :ivar is_open: whether another request may be sent
    :ivar idle_since: monotonic seconds; set by the owner when it keeps the connection for later
    """

    _is_framed: bool = False
    _is_in_body: bool = False

    def __init__(self) -> None:
        self.is_open = False
        self.idle_since = 0.0
        self._body: asyncio.Future[list[bytes]] | None = None

    async def exchange(self, request: bytes, head: Head) -> list[bytes]:
        """Send a request and return the chunks of its response's body.

        :param head: is filled in with what arrives of the response's, also if its body does not
        :raises httpx.ReadError: the connection broke before the response was complete
        :raises httpx.RemoteProtocolError: the response is not HTTP, or is too long
        """
        self._body = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._head, self._size = head, 0
        self._reset()
        self._transport.write(request)
        try:
            return await self._body
        except BaseException:
            self._keep_status()
            self.close()
            raise
        finally:
            self._body = None

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
        if self._body is None or self._body.done():
            self.close()
            return
        self._size += len(data)
        if self._size > MAX_RESPONSE_BYTES:
            self._fail(httpx.RemoteProtocolError("the response is too long"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"not an HTTP response: {error}"))

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._is_in_body and not self._is_framed and error is None:
            self._complete()
        self._fail(httpx.ReadError(str(error or "closed by the other side")))

    def on_message_begin(self) -> None:
        """Parser callback: a response begins; a second one closes the connection."""
        if self._body is None or self._body.done():
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback: keep a header."""
        self._head.headers.append((name, value))
        self._is_framed = self._is_framed or name.lower() in FRAMING_HEADERS

    def on_headers_complete(self) -> None:
        """Parser callback: keep the status."""
        self._keep_status()
        self._is_in_body = self._head.status != 0

    def on_body(self, chunk: bytes) -> None:
        """Parser callback: keep a chunk of the body."""
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        """Parser callback: complete the exchange; skip interim (1xx) responses."""
        if not self._is_in_body:
            self._reset()
        elif self._is_framed or self._head.status in STATUSES_WITHOUT_BODY:
            self.is_open = self.is_open and self._parser.should_keep_alive()
            self._complete()

    def _reset(self) -> None:
        self._is_framed = self._is_in_body = False
        self._head.headers.clear()
        self._chunks: list[bytes] = []

    def _keep_status(self) -> None:
        """Keep the status if that of a final response has arrived."""
        status = self._parser.get_status_code()
        self._head.status = status if status >= FIRST_FINAL_STATUS else 0

    def _complete(self) -> None:
        if self._body is not None and not self._body.done():
            self._body.set_result(self._chunks)
            # What follows in the same packet is not part of this response.
            self._head, self._chunks = Head(), []
        if not self.is_open:
            self._transport.abort()

    def _fail(self, error: httpx.TransportError) -> None:
        if self._body is not None and not self._body.done():
            self._body.set_exception(error)
