"""The web application: which path is answered by what."""

import traceback
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.endpoints import accounts, assignments, directory
from assignments.stackone.sandbox.endpoints.control import control_routes
from assignments.stackone.sandbox.gate import account_route, lms_route
from assignments.stackone.sandbox.world import World

LMS = (
    ("POST", "/users/{id}/assignments", assignments.create_assignment),
    ("GET", "/users/{id}/assignments", assignments.list_user_assignments),
    ("GET", "/users/{id}/assignments/{sub_id}", assignments.get_user_assignment),
    ("GET", "/users", directory.list_users),
    ("GET", "/users/{id}", directory.get_user),
    ("GET", "/content", directory.list_content),
    ("GET", "/content/{id}", directory.get_content),
    ("GET", "/courses", directory.list_courses),
    ("GET", "/courses/{id}", directory.get_course),
    ("GET", "/assignments", assignments.list_assignments),
    ("GET", "/assignments/{id}", assignments.get_assignment),
)


def build_app(world: World) -> Starlette:
    """Return the application that serves a world."""
    routes = [
        *(lms_route(world, method, f"/unified/lms{path}", end) for method, path, end in LMS),
        account_route(world, "/accounts", accounts.list_accounts),
        account_route(world, "/accounts/{id}", accounts.get_account),
        *control_routes(world),
    ]
    handlers = {HTTPException: _not_served, Exception: _failed}
    return Starlette(routes=routes, exception_handlers=handlers)


def _not_served(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    problem = f"{HTTPStatus(status).phrase}: cannot {request.method} {request.url.path}"
    return Refusal(status, problem).answer()


def _failed(_: Request, error: Exception) -> Response:
    traceback.print_exception(error)
    return Refusal(500).answer()
