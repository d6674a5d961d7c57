"""The web application: which path is answered by what."""

import re
import traceback
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.endpoints import accounts, assignments, directory
from assignments.stackone.sandbox.endpoints.control import control_routes
from assignments.stackone.sandbox.gate import account_route, lms_route
from assignments.stackone.sandbox.world import World

CREATE: Final = re.compile(r"/unified/lms/users/(?P<id>[^/]+)/assignments")
READS = (
    ("/users", directory.list_users),
    ("/users/{id}", directory.get_user),
    ("/users/{id}/assignments", assignments.list_user_assignments),
    ("/users/{id}/assignments/{sub_id}", assignments.get_user_assignment),
    ("/content", directory.list_content),
    ("/content/{id}", directory.get_content),
    ("/courses", directory.list_courses),
    ("/courses/{id}", directory.get_course),
    ("/assignments", assignments.list_assignments),
    ("/assignments/{id}", assignments.get_assignment),
)
NOT_SUPPORTED = (
    ("PUT", "/content"),
    ("POST", "/content/batch"),
    ("GET", "/users/{id}/completions"),
    ("POST", "/users/{id}/completions"),
    ("GET", "/users/{id}/completions/{sub_id}"),
    ("DELETE", "/users/{id}/completions/{sub_id}"),
    ("GET", "/completions"),
    ("GET", "/completions/{id}"),
    ("GET", "/categories"),
    ("GET", "/categories/{id}"),
    ("GET", "/skills"),
    ("GET", "/skills/{id}"),
)


class App:
    """Starlette, and a short way past its layers for creates, which come by the thousands."""

    def __init__(self, others: Starlette, create: Route) -> None:
        self._others = others
        self._create = create

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        found = CREATE.fullmatch(scope["path"]) if scope.get("method") == "POST" else None
        if found is None:
            await self._others(scope, receive, send)
            return
        scope["path_params"] = found.groupdict()
        request = Request(scope, receive, send)
        try:
            response = await self._create.endpoint(request)
        except Exception as error:
            # The top of a request, where Starlette would do the same.
            response = _failed(request, error)
        await response(scope, receive, send)


def build_app(world: World) -> App:
    """Return the application that serves a world."""
    faults = world.faults
    create = lms_route(
        world,
        "POST",
        "/users/{id}/assignments",
        assignments.create_assignment,
        faults.of_create,
    )
    routes = [
        create,
        *(lms_route(world, "GET", path, endpoint, faults.of_read) for path, endpoint in READS),
        *(lms_route(world, method, path, _not_supported) for method, path in NOT_SUPPORTED),
        account_route(world, "/accounts", accounts.list_accounts),
        account_route(world, "/accounts/{id}", accounts.get_account),
        *control_routes(world),
    ]
    handlers = {HTTPException: _not_served, Exception: _failed}
    return App(Starlette(routes=routes, exception_handlers=handlers), create)


async def _not_supported(world: World, request: Request) -> Response:
    raise Refusal(501, "Feature not supported for this provider")


def _not_served(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    problem = f"{HTTPStatus(status).phrase}: cannot {request.method} {request.url.path}"
    return Refusal(status, problem).answer()


def _failed(_: Request, error: Exception) -> Response:
    traceback.print_exception(error)
    return Refusal(500).answer()
