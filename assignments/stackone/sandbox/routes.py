"""Wrap endpoints as routes that check the key, the client, the rate limit and the account first."""

import asyncio
import base64
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from assignments.stackone.sandbox.fault_responses import respond
from assignments.stackone.sandbox.faults import OK
from assignments.stackone.sandbox.filters import check_query
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.state import SandboxState

# Further accounts, such as "sandbox-2", have the same people and content.
FURTHER_ACCOUNTS_PREFIX = "sandbox-"

type Endpoint = Callable[[SandboxState, Request], Awaitable[Response]]


def lms_route(
    state: SandboxState,
    method: str,
    path: str,
    endpoint: Endpoint,
    fault: Callable[[], str] = lambda: OK,
) -> Route:
    """Return the route of an LMS endpoint, which needs an account and may get a fault."""

    async def proceed(request: Request) -> Response:
        _check_account(state, request)
        check_query(request)
        await asyncio.sleep(state.latency_ms / 1000)
        return await respond(fault(), lambda: endpoint(state, request))

    return _counted_route(state, method, f"/unified/lms{path}", proceed)


def account_route(state: SandboxState, path: str, endpoint: Endpoint) -> Route:
    """Return the route of an endpoint about accounts, which needs none."""
    return _counted_route(state, "GET", path, lambda request: endpoint(state, request))


def _counted_route(
    state: SandboxState, method: str, path: str, proceed: Callable[[Request], Awaitable[Response]]
) -> Route:
    outcomes = state.requests.setdefault(f"{method} {path}", Counter())

    async def respond_and_count(request: Request) -> Response:
        state.concurrent_requests += 1
        state.peak_concurrency = max(state.peak_concurrency, state.concurrent_requests)
        try:
            _check_caller(state, request)
            response = await proceed(request)
        except ApiError as error:
            response = error.response()
        finally:
            state.concurrent_requests -= 1
        outcomes[getattr(response, "outcome", str(response.status_code))] += 1
        if state.rate_headers:
            response.headers.update(state.limiter.headers(time.monotonic()))
        return response

    return Route(path, respond_and_count, methods=[method])


def _check_caller(state: SandboxState, request: Request) -> None:
    if request.headers.get("authorization") != _authorization(state.options.api_key):
        raise ApiError(401)
    if not request.headers.get("user-agent", "").strip():
        raise ApiError(403, "Forbidden: a valid User-Agent is required")
    now = time.monotonic()
    seconds = state.limiter.admit(now)
    state.seconds[int(now)]["refused" if seconds else "accepted"] += 1
    if seconds:
        raise ApiError(429, "Too Many Requests", headers={"Retry-After": str(seconds)})


@cache
def _authorization(api_key: str) -> str:
    return f"Basic {base64.b64encode(f'{api_key}:'.encode()).decode()}"


def _check_account(state: SandboxState, request: Request) -> None:
    account = request.headers.get("x-account-id", "")
    if account != state.options.account_id and not account.startswith(FURTHER_ACCOUNTS_PREFIX):
        raise ApiError(404, "Invalid account ID")
