"""Answers as the API words them, and the ways of giving none."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from assignments.stackone.sandbox.times import current

LONGEST_WAIT_SECONDS = 120
PROVIDER_URL = "https://lms.northwind.example/api/v2/enrolments"


class Refusal(Exception):
    """The request gets an error answer.

    :param provider: what the LMS behind the API said, if it was the one to refuse
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
        self.message = message or HTTPStatus(status).phrase
        self.provider = provider
        self.headers = headers

    def answer(self) -> Response:
        """Return the error body every failing call has."""
        body: dict[str, Any] = {
            "statusCode": self.status,
            "message": self.message,
            "timestamp": current(),
        }
        if self.provider:
            raw = {"message": self.provider}
            errors = [{"status": self.status, "url": PROVIDER_URL, "raw": raw, "headers": {}}]
            body["provider_errors"] = errors
        return JSONResponse(body, self.status, self.headers)


def created(assignment_id: str | None, remote_id: str | None) -> dict[str, Any]:
    """Return the body of the answer to a create that worked."""
    return {
        "statusCode": 201,
        "message": "Record created successfully.",
        "timestamp": current(),
        "data": {"id": assignment_id, "remote_id": remote_id},
    }


class Silence(Response):
    """Says nothing until the client gives up."""

    outcome = "silence"

    def __init__(self, longest_seconds: float = LONGEST_WAIT_SECONDS) -> None:
        super().__init__()
        self._longest_seconds = longest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the client to go, or drop it in the end."""
        try:
            async with asyncio.timeout(self._longest_seconds):
                await _gone(receive)
        except TimeoutError:
            await Dropped()(scope, receive, send)


class Dropped(Response):
    """Closes the connection without a word."""

    outcome = "dropped"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset the connection and wait until it is gone."""
        scope["state"]["drop"]()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
