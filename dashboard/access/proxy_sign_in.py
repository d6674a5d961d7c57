"""Proxy sign-in: identity from headers of a reverse proxy, trusted only with its shared secret."""

import logging
from collections.abc import Callable
from urllib.parse import unquote

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from dashboard.access import sessions
from dashboard.access.identities import Identity, InvalidIdentity, checked_identity
from dashboard.access.models import User
from dashboard.access.provisioning import provision_user
from dashboard.access.safe_redirects import safe_url
from dashboard.access.sign_in_rate_limit import limit_failures
from dashboard.access.single_sign_on import actor_signing_in, refusal_page

logger = logging.getLogger("dashboard.sign_in")
Handler = Callable[[HttpRequest], HttpResponseBase]


class UntrustedHeaders(Exception):
    """Identity headers came without the proxy's secret, or may not be the proxy's own."""


def identity_from_headers(request: HttpRequest) -> Identity | None:
    """Return whom the proxy names; None if it names nobody or there is no such proxy.

    :raises UntrustedHeaders: if somebody else than the proxy wrote the headers, or may have
    """
    proxy = settings.PROXY_SETTINGS
    if proxy is None:
        return None
    values = {
        field: request.headers.get(header, "").strip() for field, header in proxy.headers.items()
    }
    secret = values.pop("secret")
    if not any(values.values()):
        return None
    if not constant_time_compare(secret, proxy.secret):
        raise UntrustedHeaders("Identity headers came without the proxy's secret.")
    return _identity(proxy.issuer, values) if values["subject"] else None


def _identity(issuer: str, values: dict[str, str]) -> Identity:
    # Two headers with the same name arrive joined by a comma; one of them is not the proxy's.
    if any("," in values[field] for field in ("subject", "email", "groups")):
        raise UntrustedHeaders("The subject, the e-mail or the groups came twice.")
    subject, name, email = (_decoded(values[field]) for field in ("subject", "name", "email"))
    groups = tuple(_decoded(word.strip()) for word in values["groups"].split(";") if word.strip())
    if not all(map(str.isprintable, groups)):
        raise UntrustedHeaders("A group contains control characters.")
    try:
        return checked_identity(
            issuer=issuer, subject=subject, name=name, email=email, groups=groups
        )
    except InvalidIdentity as problem:
        raise UntrustedHeaders(str(problem)) from problem


def _decoded(value: str) -> str:
    """Return the percent-decoded value: non-ASCII text and commas are sent as %C3%AB, %2C."""
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as problem:
        raise UntrustedHeaders("A header is not percent-encoded UTF-8.") from problem


def is_offered(request: HttpRequest) -> bool:
    """Return whether the sign-in page offers the proxy: it is the only way, or names somebody."""
    if settings.PROXY_SETTINGS is None:
        return False
    return not settings.OIDC_ISSUER or bool(identity_from_headers(request))


def proxy_policy(get_response: Handler) -> Handler:
    """Refuse untrusted headers; end a session when the proxy no longer names the same person."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            identity = identity_from_headers(request)
        except UntrustedHeaders as problem:
            return _problem_page(request, "untrusted", problem)
        if request.session.get(sessions.SIGN_IN_FACTS, {}).get("is_by_proxy"):
            _update_session(request, identity)
        return get_response(request)

    return middleware


@require_GET
@never_cache
@login_not_required
@limit_failures(of="login-proxy")
def sign_in_by_proxy(request: HttpRequest) -> HttpResponse:
    """Sign in the person whom the proxy names; respond 404 without a proxy."""
    if settings.PROXY_SETTINGS is None:
        raise Http404
    identity = identity_from_headers(request)
    if identity is None:
        return _problem_page(request, "unnamed", None)
    by = actor_signing_in(request, identity)
    user = provision_user(identity, by=by, now=timezone.now())
    if isinstance(user, User):
        sessions.sign_in(request, user, is_by_proxy=True)
        return redirect(safe_url(request, request.GET.get(REDIRECT_FIELD_NAME, "")))
    return refusal_page(request, identity, reason=user.reason)


def _update_session(request: HttpRequest, identity: Identity | None) -> None:
    """Update the user of the session, or sign out unless the identity is the same person's."""
    user = request.user
    if not isinstance(user, User):
        return
    if identity is None:
        sessions.sign_out(request, reason="the reverse proxy names nobody")
    elif (identity.issuer, identity.subject) != (user.issuer, user.subject):
        sessions.sign_out(request, reason="the reverse proxy names another person")
    elif _has_changed(user, identity):
        _update_user(request, identity)


def _has_changed(user: User, identity: Identity) -> bool:
    current = (identity.name, identity.email, list(identity.roles), list(identity.groups))
    return current != (user.name, user.email, user.roles, user.groups)


def _update_user(request: HttpRequest, identity: Identity) -> None:
    by = actor_signing_in(request, identity)
    user = provision_user(identity, by=by, now=timezone.now())
    if isinstance(user, User):
        request.user = user
    else:
        sessions.sign_out(request, reason=user.reason)


def _problem_page(
    request: HttpRequest, name: str, problem: UntrustedHeaders | None
) -> HttpResponse:
    logger.warning("A sign-in by the proxy failed (%s): %s", name, problem or "It names nobody.")
    context = {"problem": name, "contact": settings.ACCESS_CONTACT}
    return render(request, "access/problem.html", context, status=403)
