"""HTTP client for the identity provider, whose responses are bounded in size and time.

The site has few threads: a provider that sends without end, or a byte now and then, must not hold
them.
"""

import time
from collections.abc import Iterator
from typing import Any, Final, override

import httpx2
from authlib.integrations.httpx_client import OAuth2Client

# Metadata, keys and claims have a few kilobytes; a person in thousands of groups, some hundred.
MAX_BYTES: Final = 2_000_000
# For the body; the client's time-out applies to connecting and to each read.
MAX_SECONDS: Final = 10


class BoundedClient(OAuth2Client):  # type: ignore[misc]  # Authlib has no types
    """Authlib's client that gives up a response which is too long or takes too long."""

    @override
    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # httpx's own types
        """Send a request and read its response.

        :raises httpx2.ReadError: if the response does not end in time or within the size
        """
        response: httpx2.Response = super().send(request, **options | {"stream": True})
        response.stream = _BoundedStream(response.stream, time.monotonic() + MAX_SECONDS)
        try:
            response.read()
        finally:
            response.close()
        return response


class _BoundedStream(httpx2.SyncByteStream):
    """A body that is read up to a size and a moment (monotonic seconds)."""

    def __init__(self, stream: Any, deadline_monotonic: float) -> None:
        self._stream = stream
        self._deadline_monotonic = deadline_monotonic

    @override
    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._stream:
            size += len(chunk)
            if size > MAX_BYTES:
                raise httpx2.ReadError(f"The response has more than {MAX_BYTES:,} bytes.")
            if time.monotonic() > self._deadline_monotonic:
                raise httpx2.ReadError(f"The response took more than {MAX_SECONDS} seconds.")
            yield chunk

    @override
    def close(self) -> None:
        self._stream.close()
