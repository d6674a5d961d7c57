"""Responses in the API's format, and responses that never come."""

import asyncio
from collections.abc import Mapping

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from assignments.stackone.sandbox.timestamps import current_timestamp
from assignments.stackone.status_phrases import status_phrase

LONGEST_WAIT_SECONDS = 120
PROVIDER_URL = "https://lms.northwind.example/api/v2/enrolments"


class ApiError(Exception):
    """The request gets an error response.

    :param provider: the message of the LMS behind the API, if the LMS refused
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        *,
        provider: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message or status_phrase(status)
        self.provider = provider
        self.headers = headers

    def response(self) -> Response:
        """Return the error response in the API's format."""
        body: dict[str, object] = {
            "statusCode": self.status,
            "message": self.message,
            "timestamp": current_timestamp(),
        }
        if self.provider:
            raw = {"message": self.provider}
            errors = [{"status": self.status, "url": PROVIDER_URL, "raw": raw, "headers": {}}]
            body["provider_errors"] = errors
        return JSONResponse(body, self.status, self.headers)


def created_body(assignment_id: str | None, remote_id: str | None) -> dict[str, object]:
    """Return the body of the response to a successful create."""
    return {
        "statusCode": 201,
        "message": "Record created successfully.",
        "timestamp": current_timestamp(),
        "data": {"id": assignment_id, "remote_id": remote_id},
    }


class NoResponse(Response):
    """Sends nothing until the client disconnects."""

    outcome = "silence"

    def __init__(self, longest_seconds: float = LONGEST_WAIT_SECONDS) -> None:
        super().__init__()
        self._longest_seconds = longest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until the client disconnects; reset the connection after `longest_seconds`."""
        try:
            async with asyncio.timeout(self._longest_seconds):
                await _wait_for_disconnect(receive)
        except TimeoutError:
            await DroppedConnection()(scope, receive, send)


class DroppedConnection(Response):
    """Resets the connection without a response."""

    outcome = "dropped"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset the connection and wait until it is closed."""
        scope["state"]["reset"]()
        await _wait_for_disconnect(receive)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
