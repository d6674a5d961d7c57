"""What every call must pass before it is looked at: key, client, budget, account, faults."""

import asyncio
import base64
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.faults import OK
from assignments.stackone.sandbox.filters import check_query
from assignments.stackone.sandbox.mischief import respond
from assignments.stackone.sandbox.world import World

# Further accounts behind the same key show the same world.
SECOND = "sandbox-"

type Endpoint = Callable[[World, Request], Awaitable[Response]]


def lms_route(
    world: World, method: str, path: str, endpoint: Endpoint, fault: Callable[[], str] = lambda: OK
) -> Route:
    """Serve an endpoint of the LMS API, which needs an account, as the faults let it."""

    async def proceed(request: Request) -> Response:
        _check_account(world, request)
        check_query(request)
        await asyncio.sleep(world.latency_ms / 1000)
        return await respond(fault(), lambda: endpoint(world, request))

    return _counted(world, method, f"/unified/lms{path}", proceed)


def account_route(world: World, path: str, endpoint: Endpoint) -> Route:
    """Serve an endpoint about accounts, which needs none."""
    return _counted(world, "GET", path, lambda request: endpoint(world, request))


def _counted(
    world: World, method: str, path: str, proceed: Callable[[Request], Awaitable[Response]]
) -> Route:
    outcomes = world.requests.setdefault(f"{method} {path}", Counter())

    async def answer(request: Request) -> Response:
        world.at_once += 1
        world.most_at_once = max(world.most_at_once, world.at_once)
        try:
            _check_caller(world, request)
            response = await proceed(request)
        except Refusal as refusal:
            response = refusal.answer()
        finally:
            world.at_once -= 1
        outcomes[getattr(response, "outcome", str(response.status_code))] += 1
        if world.rate_headers:
            response.headers.update(world.limiter.headers(time.monotonic()))
        return response

    return Route(path, answer, methods=[method])


def _check_caller(world: World, request: Request) -> None:
    if request.headers.get("authorization") != _signature(world.options.api_key):
        raise Refusal(401)
    if not request.headers.get("user-agent", "").strip():
        raise Refusal(403, "Forbidden: a valid User-Agent is required")
    now = time.monotonic()
    seconds = world.limiter.wait(now)
    world.seconds[int(now)]["refused" if seconds else "passed"] += 1
    if seconds:
        raise Refusal(429, "Too Many Requests", headers={"Retry-After": str(seconds)})


@cache
def _signature(api_key: str) -> str:
    return f"Basic {base64.b64encode(f'{api_key}:'.encode()).decode()}"


def _check_account(world: World, request: Request) -> None:
    account = request.headers.get("x-account-id", "")
    if account != world.options.account_id and not account.startswith(SECOND):
        raise Refusal(404, "Invalid account ID")
