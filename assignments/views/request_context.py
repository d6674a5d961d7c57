"""Who is asking, and whether for a whole page or a part of it."""

import hashlib

from django.conf import settings
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from assignments.audit.entries.actors import Actor
from assignments.views.problem_details import is_for_programs


def acting(request: HttpRequest) -> Actor:
    """Return the signed-in person as the actor of what the request does."""
    user = request.user
    return Actor(
        ref=f"user/{user.pk}",
        name=str(user),
        email=user.get_username(),
        means="api" if is_for_programs(request) else "page",
        session=public_session_id(request),
        ip=request.META.get("REMOTE_ADDR", ""),
        request_id=getattr(request, "request_id", ""),
    )


def public_session_id(request: HttpRequest) -> str:
    """Return an id that ties a session's entries together without giving the session away."""
    key = request.session.session_key
    if not key:
        return ""
    return hashlib.sha256(f"{settings.SECRET_KEY}{key}".encode()).hexdigest()[:16]


def wants_fragment(request: HttpRequest) -> bool:
    """Return whether htmx asks for a part; boosted links and restored history need the whole."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by its middleware
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request
