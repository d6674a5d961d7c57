"""The connection to StackOne: one for each client, and no call longer than its time."""

import ssl
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from assignments.stackone.address import is_loopback

CONNECT_SECONDS: Final = 10.0
# Load balancers drop idle connections after a minute; one that is dropped while in use would
# leave an outcome unknown.
IDLE_SECONDS: Final = 30.0
ONE: Final = httpx.Limits(
    max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS
)


@cache
def shared_tls() -> ssl.SSLContext:
    """Return the one TLS context of all clients: each takes 20 ms to make.

    Besides the usual authorities it trusts the system's, such as a company's own.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


class Deadline:
    """The moment by which the call that is being made must have ended."""

    def __init__(self) -> None:
        self._ends = 0.0

    def start(self, seconds: float) -> None:
        """Let the call end so many seconds from now."""
        self._ends = time.monotonic() + seconds

    def left(self, too_late: type[Exception]) -> float:
        """Return the seconds that are left.

        :raises too_late: if none are
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise too_late("The time for the whole call is up.")
        return left


class PunctualTransport(httpx.HTTPTransport):
    """httpx's own transport, with a deadline for a whole call instead of for each read of it."""

    def __init__(self, base_url: str, deadline: Deadline) -> None:
        super().__init__(verify=shared_tls(), limits=ONE, proxy=_proxy(base_url))
        # httpx has no way to hand a backend on to the pool that it makes.
        self._pool._network_backend = _Backend(deadline)


class _Backend(httpcore.SyncBackend):
    """Opens connections that know the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = min(CONNECT_SECONDS, self._deadline.left(httpcore.ConnectTimeout))
        stream = super().connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A connection of which every wait ends at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = min(CONNECT_SECONDS, self._deadline.left(httpcore.ConnectTimeout))
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _proxy(base_url: str) -> str | None:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
