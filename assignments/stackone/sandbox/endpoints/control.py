"""What tests and demos ask of the sandbox itself; outside of key, account and budget."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.directory import Unchangeable
from assignments.stackone.sandbox.faults import UnknownFault
from assignments.stackone.sandbox.limiter import Limit
from assignments.stackone.sandbox.protocol import CuttableConnection
from assignments.stackone.sandbox.world import World


def control_routes(world: World) -> list[Route]:
    """Return the routes below /sandbox."""
    return [
        _route(world, "GET", "/sandbox/stats", stats),
        _route(world, "POST", "/sandbox/faults", replace_faults),
        _route(world, "POST", "/sandbox/limits", change_limits),
        _route(world, "POST", "/sandbox/directory", change_directory),
        _route(world, "POST", "/sandbox/reset", reset),
    ]


async def stats(world: World, request: Request) -> Response:
    """Tell what was asked, what is held and what is held twice.

    With `held=1` each of them; with `per_second=1` how many passed and were refused each second.
    """
    requests = {route: dict(outcomes) for route, outcomes in world.requests.items() if outcomes}
    body = {
        "requests": requests,
        "connections": CuttableConnection.opened,
        "most_at_once": world.most_at_once,
        **world.store.counts(),
    }
    if request.query_params.get("held") == "1":
        body["held"] = _held(world)
    if request.query_params.get("per_second") == "1":
        seen = sorted(world.seconds.items())
        body["per_second"] = [[at, counts["passed"], counts["refused"]] for at, counts in seen]
    return JSONResponse(body)


async def replace_faults(world: World, request: Request) -> Response:
    """Replace what goes wrong: shares by kind, and a `script` for the next creates."""
    wanted = await _object(request)
    script = wanted.pop("script", [])
    try:
        world.faults.replace(wanted, script)
    except UnknownFault as error:
        raise Refusal(400, str(error)) from error
    return JSONResponse({"faults": wanted, "script": script})


async def change_limits(world: World, request: Request) -> Response:
    """Change the limit, how it is told and how long answers take; what is not named stays."""
    wanted = await _object(request)
    old = world.limiter.limit
    try:
        world.limiter.limit = Limit(
            int(wanted.get("requests_per_minute", old.requests_per_minute)),
            int(wanted.get("window_seconds", old.window_seconds)),
        )
        world.latency_ms = int(wanted.get("latency_ms", world.latency_ms))
    except (TypeError, ValueError) as error:
        raise Refusal(400, "Limits are whole numbers") from error
    world.rate_headers = bool(wanted.get("rate_headers", world.rate_headers))
    return JSONResponse({**asdict(world.limiter.limit), "latency_ms": world.latency_ms})


async def change_directory(world: World, request: Request) -> Response:
    """Change people and content: fields by id, such as `{"active": false}`."""
    wanted = await _object(request)
    try:
        for entry_id, fields in wanted.items():
            world.directory.change(entry_id, fields)
    except (Unchangeable, AttributeError) as error:
        raise Refusal(400, str(error)) from error
    return JSONResponse({"changed": list(wanted)})


async def reset(world: World, request: Request) -> Response:
    """Forget what was created, counted and changed."""
    world.store.clear()
    world.directory.restore()
    for outcomes in world.requests.values():
        outcomes.clear()
    world.seconds.clear()
    world.most_at_once = 0
    CuttableConnection.opened = 0
    return JSONResponse({"reset": True})


def _held(world: World) -> list[list[str | None]]:
    references = world.directory.learning_object
    return [
        [record.learner, references[record.content].external_reference, record.id, record.due_date]
        for record in world.store.created()
    ]


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refusal(400, "The body must be JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("script", []), list):
        raise Refusal(400, 'The body must be an object such as {"500": 0.1, "script": ["429"]}')
    return body


def _route(
    world: World, method: str, path: str, endpoint: Callable[[World, Request], Awaitable[Response]]
) -> Route:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(world, request)
        except Refusal as refusal:
            return refusal.answer()

    return Route(path, answer, methods=[method])
