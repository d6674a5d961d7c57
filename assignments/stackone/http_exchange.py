"""Send one HTTP request and return its response; nothing else in the client speaks HTTP."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from assignments.stackone.api_key import ApiKey
from assignments.stackone.errors import NotSent, OutcomeUnknown, Refused, StackOneError
from assignments.stackone.http_connection import MAX_RESPONSE_BYTES, Head
from assignments.stackone.responses import ApiResponse
from assignments.stackone.transport import DirectTransport, transport_to

USER_AGENT: Final = "AssignmentDesk/1.0.0.dev0 (+StackOne Unified LMS client)"
# Longer targets are checked by httpx's URL parser, which refuses those above 65,536 characters.
MAX_TARGET_CHARACTERS: Final = 60_000
CONNECT_SECONDS: Final = 10.0
# httpx errors that can only happen before any byte of the request was sent.
ERRORS_BEFORE_SENDING: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# Their expansion has no limit (see `transport.CHUNK_BYTES`), and they are not in Accept-Encoding.
UNREQUESTED_ENCODINGS: Final = frozenset({"br", "zstd"})
HEADERS: Final = (
    ("User-Agent", USER_AGENT),
    ("Accept", "application/json"),
    # gzip only: its expansion is bounded (see `transport.CHUNK_BYTES`), that of others may not be.
    ("Accept-Encoding", "gzip"),
    ("Connection", "keep-alive"),
)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request to the API; `path` is relative to the base URL and already encoded."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, object] | None = None


class HttpClient:
    """Sends requests, also concurrently, over connections that are kept open.

    :param transport: replaces the network in tests
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: ApiKey,
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None,
        allows_private: bool,
    ) -> None:
        self._key = key
        self._timeout_seconds = timeout_seconds
        connect = min(CONNECT_SECONDS, timeout_seconds / 2)
        timeout = httpx.Timeout(timeout_seconds, connect=connect)
        self._extensions: dict[str, object] = {"timeout": timeout.as_dict()}
        self._transport = transport or transport_to(base_url, allows_private=allows_private)
        self._base_url = httpx.URL(base_url)
        credentials = ("Authorization", f"Basic {key.basic_credentials()}")
        self._headers = httpx.Headers([*HEADERS, credentials])

    async def send(self, request: ApiRequest) -> ApiResponse:
        """Send a request once and return its response, whatever its status.

        Once a status has arrived there is a response, even if nothing else of it arrives.

        :raises NotSent: no connection was made
        :raises OutcomeUnknown: the request may have arrived, and no response came
        :raises Refused: the request's URL would be too long
        """
        head = Head()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                http_request = self._http_request(request, head)
                response = await self._transport.handle_async_request(http_request)
                head.status, head.headers = response.status_code, response.headers.raw
                return self._response(head, await _read(response))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            failure = _client_error(error, self._key.mask(str(error)) or type(error).__name__)
        if head.status:
            return self._response(head, b"", problem=failure.message)
        # Raised outside of `except`, it does not refer to httpx's error, which has the request
        # with the key.
        raise failure

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _http_request(self, request: ApiRequest, head: Head) -> httpx.Request:
        headers = self._headers.copy()
        headers.update(request.headers)
        url, extensions = self._url(request)
        return httpx.Request(
            request.method,
            url,
            headers=headers,
            json=request.json,
            extensions={**extensions, "head": head},
        )

    def _url(self, request: ApiRequest) -> tuple[httpx.URL, dict[str, object]]:
        query = f"?{httpx.QueryParams(request.params)}" if request.params else ""
        target = f"{self._base_url.path.rstrip('/')}{request.path}{query}"
        # Parsing a URL of which every part is known takes half of a request's CPU time. Only a
        # proxy needs the whole URL.
        is_direct = isinstance(self._transport, DirectTransport)
        if is_direct and len(target) < MAX_TARGET_CHARACTERS:
            return self._base_url, {**self._extensions, "target": target.encode("ascii")}
        return self._base_url.copy_with(raw_path=target.encode("ascii")), self._extensions

    def _response(self, head: Head, body: bytes, *, problem: str = "") -> ApiResponse:
        headers = httpx.Headers(head.headers)
        return ApiResponse(
            status=head.status,
            headers={name: self._key.mask(value) for name, value in headers.items()},
            text=self._key.mask(body.decode("utf-8", "replace")),
            problem=problem,
        )


async def _read(response: httpx.Response) -> bytes:
    encodings = response.headers.get_list("content-encoding", split_commas=True)
    if len(encodings) > 1 or UNREQUESTED_ENCODINGS & {name.lower() for name in encodings}:
        raise httpx.DecodingError(f"it is encoded as {', '.join(encodings)}")
    body = bytearray()
    is_plain = not encodings and not response.is_stream_consumed
    async for chunk in response.aiter_raw() if is_plain else response.aiter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise httpx.DecodingError(f"it is larger than {MAX_RESPONSE_BYTES:,} bytes")
    return bytes(body)


def _client_error(error: Exception, reason: str) -> StackOneError:
    if isinstance(error, httpx.InvalidURL):
        return Refused("The request cannot be sent: its URL would be too long.")
    if isinstance(error, ERRORS_BEFORE_SENDING):
        return NotSent(f"StackOne could not be reached: {reason}.")
    return OutcomeUnknown(_failure(error, reason))


def _failure(error: Exception, reason: str) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "StackOne did not respond in time."
    if isinstance(error, httpx.DecodingError):
        return f"The response cannot be decoded: {reason}."
    return f"The connection broke before the response was complete: {reason}."
