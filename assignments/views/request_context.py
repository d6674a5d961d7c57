"""The typed request of a signed-in person, the person as an actor, and whether htmx asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from assignments.audit.entries.actors import Actor
from assignments.views.problem_details import is_api_request

if TYPE_CHECKING:
    # django-stubs resolves this to AUTH_USER_MODEL, which the app must not import by its name.
    from django.contrib.auth.models import _User as User
    from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """The type of a request as views get it: of a signed-in person, with htmx's headers read.

    `draft_version` is set by `concurrent_edits.note_version` for requests that change a draft.

    Never instantiated: the access rules and htmx's middleware make Django's requests fit it.
    """

    user: User
    htmx: HtmxDetails
    draft_version: str


def acting(request: HttpRequest) -> Actor:
    """Return the signed-in person as the actor of what the request does."""
    user = request.user
    return Actor(
        ref=f"user/{user.pk}",
        name=str(user),
        email=user.get_username(),
        means="api" if is_api_request(request) else "page",
        session=public_session_id(request),
        ip=request.META.get("REMOTE_ADDR", ""),
        request_id=getattr(request, "request_id", ""),
    )


def public_session_id(request: HttpRequest) -> str:
    """Return an id shared by the log entries of one session, derived one-way from its key."""
    key = request.session.session_key
    if not key:
        return ""
    return salted_hmac("assignment-desk/session/1", key, algorithm="sha256").hexdigest()[:16]


def wants_fragment(request: Request) -> bool:
    """Return whether to send a part of the page to htmx.

    Boosted links and history restores are htmx requests too, but need the whole page.
    """
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request
