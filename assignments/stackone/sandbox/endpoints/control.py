"""Endpoints below /sandbox that control the sandbox; without key, account and rate limit."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assignments.stackone.json_values import JsonObject
from assignments.stackone.sandbox.directory import NotChangeable
from assignments.stackone.sandbox.faults import UnknownFault
from assignments.stackone.sandbox.protocol import ResettableConnection
from assignments.stackone.sandbox.rate_limit import RateLimit
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.state import SandboxState


def control_routes(state: SandboxState) -> list[Route]:
    """Return the routes below /sandbox."""
    return [
        _route(state, "GET", "/sandbox/stats", stats),
        _route(state, "POST", "/sandbox/faults", replace_faults),
        _route(state, "POST", "/sandbox/limits", change_limits),
        _route(state, "POST", "/sandbox/directory", change_directory),
        _route(state, "POST", "/sandbox/reset", reset),
    ]


async def stats(state: SandboxState, request: Request) -> Response:
    """Return counts of requests, connections, assignments and duplicates.

    With `held=1` also each assignment; with `per_second=1` the accepted and refused requests by
    second.
    """
    requests = {route: dict(outcomes) for route, outcomes in state.requests.items() if outcomes}
    body = {
        "requests": requests,
        "connections": ResettableConnection.opened_count,
        "peak_concurrency": state.peak_concurrency,
        **state.store.counts(),
    }
    if request.query_params.get("held") == "1":
        body["held"] = _assignments(state)
    if request.query_params.get("per_second") == "1":
        per_second = sorted(state.seconds.items())
        body["per_second"] = [
            [at, counts["accepted"], counts["refused"]] for at, counts in per_second
        ]
    return JSONResponse(body)


async def replace_faults(state: SandboxState, request: Request) -> Response:
    """Replace the faults: shares by fault, and a `script` of faults for the next creates."""
    body = await _object(request)
    script = body.pop("script", [])
    try:
        state.faults.replace(body, script)
    except UnknownFault as error:
        raise ApiError(400, str(error)) from error
    return JSONResponse({"faults": body, "script": script})


async def change_limits(state: SandboxState, request: Request) -> Response:
    """Change the rate limit, its headers and the latency; what the body omits stays."""
    body = await _object(request)
    current = state.limiter.limit
    try:
        state.limiter.limit = RateLimit(
            int(body.get("requests_per_minute", current.requests_per_minute)),
            int(body.get("window_seconds", current.window_seconds)),
        )
        state.latency_ms = int(body.get("latency_ms", state.latency_ms))
    except (TypeError, ValueError) as error:
        raise ApiError(400, "Limits are whole numbers") from error
    state.rate_headers = bool(body.get("rate_headers", state.rate_headers))
    return JSONResponse({**asdict(state.limiter.limit), "latency_ms": state.latency_ms})


async def change_directory(state: SandboxState, request: Request) -> Response:
    """Change learners and content; the body has the fields to change by id."""
    body = await _object(request)
    try:
        for entry_id, fields in body.items():
            state.directory.change(entry_id, fields)
    except (NotChangeable, AttributeError) as error:
        raise ApiError(400, str(error)) from error
    return JSONResponse({"changed": list(body)})


async def reset(state: SandboxState, request: Request) -> Response:
    """Delete what was created, reset the counters and undo changes of learners and content."""
    state.store.clear()
    state.directory.restore()
    for outcomes in state.requests.values():
        outcomes.clear()
    state.seconds.clear()
    state.peak_concurrency = 0
    ResettableConnection.opened_count = 0
    return JSONResponse({"reset": True})


def _assignments(state: SandboxState) -> list[list[str | None]]:
    objects = state.directory.objects_by_id
    return [
        [record.learner, objects[record.content].external_reference, record.id, record.due_date]
        for record in state.store.created()
    ]


async def _object(request: Request) -> JsonObject:
    try:
        body = await request.json()
    except ValueError as error:
        raise ApiError(400, "The body must be JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("script", []), list):
        raise ApiError(400, 'The body must be an object such as {"500": 0.1, "script": ["429"]}')
    return body


def _route(
    state: SandboxState,
    method: str,
    path: str,
    endpoint: Callable[[SandboxState, Request], Awaitable[Response]],
) -> Route:
    async def handle(request: Request) -> Response:
        try:
            return await endpoint(state, request)
        except ApiError as error:
            return error.response()

    return Route(path, handle, methods=[method])
