"""Produce the response of each fault."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import JSONResponse, Response

from assignments.stackone.sandbox.responses import ApiError, DroppedConnection, NoResponse

SLOW_SECONDS = 2.0
ERROR_FAULTS = {
    "429": ApiError(429, "Too Many Requests", headers={"Retry-After": "1"}),
    "500": ApiError(500),
    "502": ApiError(502),
    "408": ApiError(408, "Request Timed Out", headers={"Retry-After": "1"}),
}


async def respond(fault: str, proceed: Callable[[], Awaitable[Response]]) -> Response:
    """Return the response to a request with a fault.

    :param proceed: processes the request; not called by faults that happen before
    """
    if fault in ERROR_FAULTS:
        return ERROR_FAULTS[fault].response()
    if fault in FAULTS_BEFORE:
        return FAULTS_BEFORE[fault]()
    if fault == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    response = await proceed()
    # A create that is refused raises an ApiError and does not get here.
    return FAULTS_AFTER[fault]() if fault in FAULTS_AFTER else response


def _malformed() -> Response:
    return Response(b'{"statusCode": 201, "message": "Rec', 201, media_type="application/json")


def _wrong_type() -> Response:
    body = {"statusCode": "201", "message": None, "timestamp": 0, "data": ["created"]}
    return JSONResponse(body, 201)


FAULTS_BEFORE: dict[str, Callable[[], Response]] = {
    "hang": NoResponse,
    "reset-before": DroppedConnection,
}
FAULTS_AFTER: dict[str, Callable[[], Response]] = {
    "reset-after": DroppedConnection,
    "timeout-after": NoResponse,
    "malformed": _malformed,
    "wrong-type": _wrong_type,
}
