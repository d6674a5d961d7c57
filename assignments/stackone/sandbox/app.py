"""The sandbox as an ASGI application: its routes and error responses."""

import re
import traceback
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from assignments.stackone.sandbox.endpoints import accounts, assignments, directory
from assignments.stackone.sandbox.endpoints.control import control_routes
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.routes import account_route, lms_route
from assignments.stackone.sandbox.state import SandboxState
from assignments.stackone.status_phrases import status_phrase

CREATE_PATH: Final = re.compile(r"/unified/lms/users/(?P<id>[^/]+)/assignments")
READ_ROUTES = (
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
UNSUPPORTED_ROUTES = (
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
    """A Starlette application that bypasses Starlette's middleware and routing for creates.

    Creates come by the thousands, and these layers take a large part of their time.
    """

    def __init__(self, starlette: Starlette, create: Route) -> None:
        self._starlette = starlette
        self._create = create

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        match = CREATE_PATH.fullmatch(scope["path"]) if scope.get("method") == "POST" else None
        if match is None:
            await self._starlette(scope, receive, send)
            return
        scope["path_params"] = match.groupdict()
        request = Request(scope, receive, send)
        try:
            response = await self._create.endpoint(request)
        except Exception as error:
            # Starlette does the same for the requests that it routes.
            response = _internal_error(request, error)
        await response(scope, receive, send)


def build_app(state: SandboxState) -> App:
    """Return the application that serves a sandbox's state."""
    faults = state.faults
    create = lms_route(
        state,
        "POST",
        "/users/{id}/assignments",
        assignments.create_assignment,
        faults.next_create_fault,
    )
    routes = [
        create,
        *(
            lms_route(state, "GET", path, endpoint, faults.next_read_fault)
            for path, endpoint in READ_ROUTES
        ),
        *(lms_route(state, method, path, _unsupported) for method, path in UNSUPPORTED_ROUTES),
        account_route(state, "/accounts", accounts.list_accounts),
        account_route(state, "/accounts/{id}", accounts.get_account),
        *control_routes(state),
    ]
    handlers = {HTTPException: _http_error, Exception: _internal_error}
    return App(Starlette(routes=routes, exception_handlers=handlers), create)


async def _unsupported(state: SandboxState, request: Request) -> Response:
    raise ApiError(501, "Feature not supported for this provider")


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    problem = f"{status_phrase(status)}: cannot {request.method} {request.url.path}"
    return ApiError(status, problem).response()


def _internal_error(_: Request, error: Exception) -> Response:
    traceback.print_exception(error)
    return ApiError(500).response()
