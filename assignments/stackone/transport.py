"""The way to StackOne: connections that are kept open, straight or through the company's proxy."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator
from functools import cache
from typing import Final, override
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from assignments.stackone.address import is_loopback, is_public
from assignments.stackone.http_connection import Connection

# Load balancers drop idle connections after a minute; one that is dropped while in use would
# leave an outcome unknown.
IDLE_SECONDS: Final = 30.0
PORTS: Final = {"http": 80, "https": 443}
# A packed body unfolds at most a thousand times: unpacked in small parts it can be stopped.
PART: Final = 16_384


@cache
def shared_tls() -> ssl.SSLContext:
    """Return the one TLS context of all clients: each takes 20 ms to make.

    Besides the usual authorities it trusts the system's, such as a company's own.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def transport_to(base_url: str, *, allows_private: bool) -> httpx.AsyncBaseTransport:
    """Return what carries requests to that address: httpx's own if a proxy is in between.

    :param allows_private: the address may be in a private network; this machine's own always may
    """
    proxy = _proxy(base_url)
    if proxy:
        return httpx.AsyncHTTPTransport(verify=shared_tls(), proxy=proxy)
    host = urlsplit(base_url).hostname or ""
    return StraightTransport(only_public=not (allows_private or is_loopback(host)))


class StraightTransport(httpx.AsyncBaseTransport):
    """Carries each request over an idle connection, or a new one if none is idle.

    There are as many connections as requests at once; whoever sends bounds them. Redirects are
    not followed.

    :param only_public: refuse a host whose name leads into a private network, whatever it led to
        a moment ago: what counts is where the connection went
    """

    def __init__(self, *, only_public: bool) -> None:
        self._only_public = only_public
        self._idle: list[Connection] = []

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._take() or await self._new(request)
        status, headers, parts = await connection.ask(_written(request))
        if connection.is_open:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        return httpx.Response(status, headers=headers, stream=_Body(parts))

    @override
    async def aclose(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _new(self, request: httpx.Request) -> Connection:
        connection = await _connected(request)
        if self._only_public and not is_public(connection.peer):
            connection.close()
            raise httpx.ConnectError(
                f"{request.url.host} is at {connection.peer}, a private address; if that is right, "
                "set STACKONE_ALLOW_PRIVATE=1"
            )
        return connection

    def _take(self) -> Connection | None:
        # The one used last: under less load the others grow old and go.
        oldest = time.monotonic() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            connection.close()
        return None


class _Body(httpx.AsyncByteStream):
    """A body that is here already."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), PART):
                yield part[start : start + PART]


async def _connected(request: httpx.Request) -> Connection:
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
                ssl=shared_tls() if is_secure else None,
            )
    except TimeoutError:
        raise httpx.ConnectTimeout(f"no connection within {seconds:g} seconds") from None
    except OSError as error:
        # asyncio's own words for a refusal name an address instead of the reason.
        number = error.errno if isinstance(error, ConnectionError) else None
        raise httpx.ConnectError(os.strerror(number) if number else str(error)) from None
    return connection


def _written(request: httpx.Request) -> bytes:
    target = request.extensions.get("target", request.url.raw_path)
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), target)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join([*lines, b"", request.content])


def _proxy(base_url: str) -> str | None:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
