"""One HTTP exchange: bounded in time and size, its failures named for what to do next."""

import ssl
import time
from collections.abc import Mapping
from functools import cache
from typing import Final

import httpx

from assignments.stackone.errors import NotSent, OutcomeUnknown

USER_AGENT: Final = "AssignmentDesk/0.1 (+assignment-desk)"
LARGEST_REPLY: Final = 10_000_000
CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 5.0
NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@cache
def tls() -> ssl.SSLContext:
    """Return the one TLS context that all clients share, because making one takes 20 ms."""
    return httpx.create_ssl_context()


def open_http(
    *, base_url: str, seconds: float, transport: httpx.BaseTransport | None
) -> httpx.Client:
    """Return a client that keeps one connection alive and follows no redirect."""
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
        limits=httpx.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS
        ),
        follow_redirects=False,
        verify=tls(),
        transport=transport,
    )


def exchange(
    http: httpx.Client, request: httpx.Request, auth: httpx.Auth, *, seconds: float
) -> httpx.Response:
    """Send the request and return the whole answer, within `seconds` in all.

    :raises NotSent: no connection was made
    :raises OutcomeUnknown: the request may have left and no whole answer came
    """
    ends = time.monotonic() + seconds
    try:
        response = http.send(request, auth=auth, stream=True)
        try:
            return _whole(response, ends)
        finally:
            response.close()
    except NEVER_LEFT as error:
        raise NotSent(f"No connection to the LMS could be made ({_name(error)}).") from None
    except httpx.TimeoutException:
        raise OutcomeUnknown(f"No answer came within {seconds:g} seconds.") from None
    except httpx.HTTPError as error:
        raise OutcomeUnknown(f"The connection broke before the answer ({_name(error)}).") from None


def _whole(response: httpx.Response, ends: float) -> httpx.Response:
    # httpx bounds each read; a reply that drips needs a bound on the whole.
    content = bytearray()
    for part in response.iter_bytes():
        content += part
        if time.monotonic() > ends:
            raise OutcomeUnknown("The answer did not end in time.", status=response.status_code)
        if len(content) > LARGEST_REPLY:
            raise OutcomeUnknown("The answer is too large.", status=response.status_code)
    headers: Mapping[str, str] = {
        name: value for name, value in response.headers.items() if name != "content-encoding"
    }
    return httpx.Response(response.status_code, headers=headers, content=bytes(content))


def _name(error: Exception) -> str:
    return type(error).__name__
