"""One request, one answer: the only place that talks HTTP."""

from collections.abc import Mapping
from typing import Final

import httpx

from assignments.stackone.errors import NotSent, OutcomeUnknown, Refused, StackOneError
from assignments.stackone.replies import Reply
from assignments.stackone.secret import KeyAuth, Secret
from assignments.stackone.transport import Deadline, PunctualTransport

USER_AGENT: Final = "AssignmentDesk/0.1.0 (+StackOne Unified LMS client)"
LARGEST_REPLY: Final = 10_000_000
NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Wire:
    """Sends one request after the other over a connection that is kept open.

    :param transport: takes the place of the network, for tests
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: Secret,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._seconds = timeout_seconds
        self._deadline = Deadline()
        self._http = httpx.Client(
            auth=KeyAuth(key),
            # One known way of packing, so that a small answer cannot unfold without end.
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            timeout=timeout_seconds,
            transport=transport or PunctualTransport(base_url, self._deadline),
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        json: Mapping[str, object] | None = None,
    ) -> Reply:
        """Send a request once, and return its answer whatever its status.

        :raises NotSent: no connection was made
        :raises OutcomeUnknown: the request may have arrived, and no whole answer came
        :raises Refused: the request cannot be written
        """
        self._deadline.start(self._seconds)
        url = f"{self._base_url}{path}"
        try:
            with self._http.stream(
                method, url, headers=dict(headers), params=params, json=json
            ) as answer:
                return self._read(answer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = _explained(error, self._key.masked(str(error)) or type(error).__name__)
        # Raised out here, it does not carry httpx's error, which carries the request and its key.
        raise failure

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _read(self, answer: httpx.Response) -> Reply:
        body = bytearray()
        for part in answer.iter_bytes():
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
    if isinstance(error, httpx.TimeoutException):
        return OutcomeUnknown("StackOne did not answer in time.")
    return OutcomeUnknown(f"The connection broke before the answer was complete: {reason}.")
