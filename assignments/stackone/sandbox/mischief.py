"""How each fault looks from outside."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.responses import JSONResponse, Response

from assignments.stackone.sandbox.answers import Dropped, Refusal, Silence

SLOW_SECONDS = 2.0
REFUSALS = {
    "429": Refusal(429, "Too Many Requests", headers={"Retry-After": "1"}),
    "500": Refusal(500),
    "502": Refusal(502),
    "408": Refusal(408, "Request Timed Out", headers={"Retry-After": "1"}),
}


async def respond(fault: str, proceed: Callable[[], Awaitable[Response]]) -> Response:
    """Answer a request, or not, as the fault has it."""
    if fault in REFUSALS:
        return REFUSALS[fault].answer()
    if fault in BEFORE:
        return BEFORE[fault]()
    if fault == "slow":
        await asyncio.sleep(SLOW_SECONDS)
    response = await proceed()
    # A create that is refused raises, and so never gets here.
    return AFTER[fault]() if fault in AFTER else response


def _malformed() -> Response:
    return Response(b'{"statusCode": 201, "message": "Rec', 201, media_type="application/json")


def _wrong_type() -> Response:
    body = {"statusCode": "201", "message": None, "timestamp": 0, "data": ["created"]}
    return JSONResponse(body, 201)


BEFORE: dict[str, Callable[[], Response]] = {"hang": Silence, "reset-before": Dropped}
AFTER: dict[str, Callable[[], Response]] = {
    "reset-after": Dropped,
    "timeout-after": Silence,
    "malformed": _malformed,
    "wrong-type": _wrong_type,
}
