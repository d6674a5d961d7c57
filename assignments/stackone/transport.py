"""httpx transport to StackOne: kept-alive connections, direct or through the company's proxy."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from typing import Final, override
from urllib.parse import urlsplit

import httpx

from assignments.proxies import is_loopback, proxy_to
from assignments.stackone.address import is_public
from assignments.stackone.http_connection import Connection, Head
from assignments.tls import shared_tls_context

# Load balancers commonly close connections that are idle for 60 s. If that happens just as a
# request is sent, its outcome is unknown, so connections are dropped well before.
IDLE_SECONDS: Final = 30.0
PORTS: Final = {"http": 80, "https": 443}
# gzip expands up to about a thousandfold: decompressing in small chunks lets the reader stop early.
CHUNK_BYTES: Final = 16_384


def transport_to(base_url: str, *, allows_private: bool) -> httpx.AsyncBaseTransport:
    """Return the transport for a base URL: httpx's own if there is a proxy in between.

    :param allows_private: the host may be in a private network; this machine always may be used
    """
    proxy = proxy_to(base_url)
    if proxy:
        context = shared_tls_context() if proxy.startswith("https:") else None
        return httpx.AsyncHTTPTransport(
            verify=shared_tls_context(), proxy=httpx.Proxy(proxy, ssl_context=context)
        )
    host = urlsplit(base_url).hostname or ""
    return DirectTransport(only_public=not (allows_private or is_loopback(host)))


class DirectTransport(httpx.AsyncBaseTransport):
    """Sends each request over an idle connection, or a new one if none is idle.

    It does not limit the number of connections: the caller limits the concurrent requests.
    Redirects are not followed. The extension `head` of a request is a `Head` to fill in.

    :param only_public: refuse a connection to a private address. The address that was connected to
        is checked, not an earlier DNS look-up, which could have returned another (DNS rebinding)
    """

    def __init__(self, *, only_public: bool) -> None:
        self._only_public = only_public
        self._idle: list[Connection] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._take_idle() or await self._connect(request)
        head: Head = request.extensions["head"]
        chunks = await connection.exchange(_serialise(request), head)
        if connection.is_open:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        return httpx.Response(head.status, headers=head.headers, stream=_Body(chunks))

    @override
    async def aclose(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _connect(self, request: httpx.Request) -> Connection:
        connection = await _open_connection(request)
        if self._only_public and not is_public(connection.peer):
            connection.close()
            raise httpx.ConnectError(
                f"{request.url.host} is at {connection.peer}, a private address; if that is right, "
                "set STACKONE_ALLOW_PRIVATE=1"
            )
        return connection

    def _take_idle(self) -> Connection | None:
        # The most recently used one, so that under less load the others expire.
        oldest = time.monotonic() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            connection.close()
        return None


class _Body(httpx.AsyncByteStream):
    """A response body that was read already."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            for start in range(0, len(chunk), CHUNK_BYTES):
                yield chunk[start : start + CHUNK_BYTES]


async def _open_connection(request: httpx.Request) -> Connection:
    url = request.url
    is_secure = url.scheme == "https"
    seconds: float = request.extensions["timeout"]["connect"]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _, connection = await loop.create_connection(
                Connection,
                url.host,
                url.port or PORTS[url.scheme],
                ssl=shared_tls_context() if is_secure else None,
            )
    except TimeoutError:
        raise httpx.ConnectTimeout(f"no connection within {seconds:g} seconds") from None
    except OSError as error:
        # asyncio's message for a refused connection has the address instead of the reason.
        number = error.errno if isinstance(error, ConnectionError) else None
        raise httpx.ConnectError(os.strerror(number) if number else str(error)) from None
    return connection


def _serialise(request: httpx.Request) -> bytes:
    target = request.extensions.get("target", request.url.raw_path)
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), target)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join([*lines, b"", request.content])
