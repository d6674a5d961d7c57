"""Gives every request an id, and the log one line about it."""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from assignments import trace

log = logging.getLogger("dashboard.requests")
Handler = Callable[[HttpRequest], HttpResponse]
# Asked for by machines, all the time, or beside every page.
QUIET: Final = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)


def request_id(get_response: Handler) -> Handler:
    """Give the request an id that its log lines, log entries, pages and answer carry."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = _from_proxy(request) or str(uuid.uuid4())
        request.request_id = given  # type: ignore[attr-defined]
        began = time.monotonic()
        with trace.working_for(given):
            response = get_response(request)
            _tell(request, response.status_code, began)
        response["X-Request-ID"] = given
        return response

    return middleware


def _from_proxy(request: HttpRequest) -> str:
    """Return the id that the proxy made, if there is one and it looks like it."""
    name = settings.REQUEST_ID_HEADER
    try:
        return str(uuid.UUID(request.headers.get(name, ""))) if name else ""
    except ValueError:
        return ""


def _tell(request: HttpRequest, status: int, began: float) -> None:
    # Never the query: it may hold what somebody searched for.
    facts = {
        "method": request.method,
        "path": request.path,
        "status": status,
        "ms": round((time.monotonic() - began) * 1000, 1),
    }
    level = logging.DEBUG if request.path.startswith(QUIET) else logging.INFO
    log.log(level, "%s %s %s", request.method, request.path, status, extra=facts)
