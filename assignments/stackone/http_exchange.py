"""One request, one answer: the only place that talks HTTP."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from assignments.stackone.api_key import Secret
from assignments.stackone.errors import NotSent, OutcomeUnknown, Refused, StackOneError
from assignments.stackone.responses import Reply
from assignments.stackone.transport import StraightTransport, transport_to

USER_AGENT: Final = "AssignmentDesk/0.1.0 (+StackOne Unified LMS client)"
LARGEST_REPLY: Final = 10_000_000
LONGEST_TARGET: Final = 60_000
CONNECT_SECONDS: Final = 10.0
NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
HEADERS: Final = (
    ("User-Agent", USER_AGENT),
    ("Accept", "application/json"),
    # One known way of packing, so that a small answer cannot unfold without end.
    ("Accept-Encoding", "gzip"),
    ("Connection", "keep-alive"),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: what is asked of which path."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, object] | None = None


class Wire:
    """Sends requests, several at once if it is asked to, over connections that are kept open.

    :param transport: takes the place of the network, for tests
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: Secret,
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None,
        allows_private: bool,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._seconds = timeout_seconds
        connect = min(CONNECT_SECONDS, timeout_seconds / 2)
        timeout = httpx.Timeout(timeout_seconds, connect=connect)
        self._extensions: dict[str, object] = {"timeout": timeout.as_dict()}
        self._transport = transport or transport_to(base_url, allows_private=allows_private)
        self._base = httpx.URL(base_url)
        self._headers = httpx.Headers([*HEADERS, ("Authorization", f"Basic {key.basic()}")])

    async def send(self, ask: Ask) -> Reply:
        """Send a request once, and return its answer whatever its status.

        :raises NotSent: no connection was made
        :raises OutcomeUnknown: the request may have arrived, and no whole answer came
        :raises Refused: the request cannot be written
        """
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._transport.handle_async_request(self._request(ask))
                return await self._read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            failure = _explained(error, self._key.masked(str(error)) or type(error).__name__)
        # Raised out here, it does not carry httpx's error, which carries the request and its key.
        raise failure

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _request(self, ask: Ask) -> httpx.Request:
        headers = self._headers.copy()
        headers.update(ask.headers)
        url, extensions = self._address(ask)
        return httpx.Request(ask.method, url, headers=headers, json=ask.json, extensions=extensions)

    def _address(self, ask: Ask) -> tuple[httpx.URL, dict[str, object]]:
        query = f"?{httpx.QueryParams(ask.params)}" if ask.params else ""
        target = f"{self._base.path.rstrip('/')}{ask.path}{query}"
        # Half of a request's cost is the parsing of an address of which we know every part. A
        # proxy has to be told the whole of it, though.
        if isinstance(self._transport, StraightTransport) and len(target) < LONGEST_TARGET:
            return self._base, {**self._extensions, "target": target.encode("ascii")}
        return self._base.copy_with(raw_path=target.encode("ascii")), self._extensions

    async def _read(self, answer: httpx.Response) -> Reply:
        body = bytearray()
        is_plain = "content-encoding" not in answer.headers and not answer.is_stream_consumed
        async for part in answer.aiter_raw() if is_plain else answer.aiter_bytes():
            body += part
            if len(body) > LARGEST_REPLY:
                raise OutcomeUnknown(
                    f"The answer is larger than {LARGEST_REPLY:,} bytes.", status=answer.status_code
                )
        return Reply(
            status=answer.status_code,
            headers={name: self._key.masked(value) for name, value in answer.headers.items()},
            text=self._key.masked(body.decode("utf-8", "replace")),
        )


def _explained(error: Exception, reason: str) -> StackOneError:
    if isinstance(error, httpx.InvalidURL):
        return Refused("The request cannot be written: its address would be too long.")
    if isinstance(error, NEVER_LEFT):
        return NotSent(f"StackOne could not be reached: {reason}.")
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return OutcomeUnknown("StackOne did not answer in time.")
    return OutcomeUnknown(f"The connection broke before the answer was complete: {reason}.")
