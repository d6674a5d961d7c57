"""Signing in by what a reverse proxy says in headers, believed only together with its secret."""

import logging
from collections.abc import Callable
from typing import Final
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

from assignments.views.rate_limits import at_most
from dashboard.access import provisioning, sessions
from dashboard.access.id_token_claims import Identity, roles_of
from dashboard.access.models import User
from dashboard.access.safe_redirects import local
from dashboard.access.single_sign_on import refused, somebody

logger = logging.getLogger("dashboard.sign_in")
Handler = Callable[[HttpRequest], HttpResponseBase]
LONGEST_SUBJECT: Final = 255


class Forged(Exception):
    """Headers that name somebody came without the proxy's secret, or name nobody clearly."""


def named(request: HttpRequest) -> Identity | None:
    """Return whom the proxy names; nobody if it names nobody, or there is no such proxy.

    :raises Forged: if somebody else than the proxy wrote the headers, or may have
    """
    if settings.GATEWAY is None:
        return None
    said = {
        what: request.headers.get(header, "").strip()
        for what, header in settings.GATEWAY.headers.items()
    }
    secret = said.pop("secret")
    if not any(said.values()):
        return None
    if not constant_time_compare(secret, settings.GATEWAY.secret):
        raise Forged("Headers that name somebody came without the proxy's secret.")
    return _identity(settings.GATEWAY.issuer, said) if said["subject"] else None


def _identity(issuer: str, said: dict[str, str]) -> Identity:
    # Two headers of one name arrive as one, joined by a comma: one of them is not the proxy's.
    if any("," in said[what] for what in ("subject", "email", "groups")):
        raise Forged("The subject, the e-mail or the groups came twice.")
    subject, name, email = (_plain(said[what]) for what in ("subject", "name", "email"))
    if len(subject) > LONGEST_SUBJECT:
        raise Forged("The subject is too long.")
    groups = tuple(_plain(word.strip()) for word in said["groups"].split(";") if word.strip())
    return Identity(
        issuer=issuer,
        subject=subject,
        name=(name or email or subject)[:200],
        email=email[:254],
        roles=roles_of(groups),
        groups=groups,
        has_verified_email=True,
    )


def _plain(text: str) -> str:
    """Return the value as people write it: what is not ASCII comes as %C3%AB, a comma as %2C."""
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError as problem:
        raise Forged("A header is not UTF-8 behind its percent signs.") from problem
    if not plain.isprintable():
        raise Forged("A header holds what cannot be printed.")
    return plain


def is_the_way_in(request: HttpRequest) -> bool:
    """Return whether the page at the door leads in by the proxy: by it alone, or named by it."""
    return settings.GATEWAY is not None and (not settings.OIDC_ISSUER or bool(named(request)))


def proxy_policy(get_response: Handler) -> Handler:
    """Refuse forged headers, and end a session as soon as the proxy stops naming its person."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            who = named(request)
        except Forged as problem:
            return _refused(request, "untrusted", problem)
        if request.session.get(sessions.DOOR, {}).get("is_by_proxy"):
            _hold(request, who)
        return get_response(request)

    return middleware


@require_GET
@never_cache
@login_not_required
@at_most("120/m", of="sign-in")
def enter(request: HttpRequest) -> HttpResponse:
    """Come in as whom the proxy names."""
    if settings.GATEWAY is None:
        raise Http404
    who = named(request)
    if who is None:
        return _refused(request, "unnamed", None)
    user = provisioning.admit(who, by=somebody(request, who), now=timezone.now())
    if isinstance(user, User):
        sessions.sign_in(request, user, is_by_proxy=True)
        return redirect(local(request, request.GET.get(REDIRECT_FIELD_NAME, "")))
    return refused(request, who, because=user.because)


def _hold(request: HttpRequest, who: Identity | None) -> None:
    """Let the session go on for the same person, with the roles of this moment."""
    user = request.user
    if not isinstance(user, User):
        return
    if who is None:
        sessions.sign_out(request, because="the reverse proxy names nobody")
    elif (who.issuer, who.subject) != (user.issuer, user.subject):
        sessions.sign_out(request, because="the reverse proxy names somebody else")
    elif (who.name, who.email, list(who.roles), list(who.groups)) != _known(user):
        _renew(request, who)


def _known(user: User) -> tuple[str, str, list[str], list[str]]:
    return (user.name, user.email, user.roles, user.groups)


def _renew(request: HttpRequest, who: Identity) -> None:
    renewed = provisioning.admit(who, by=somebody(request, who), now=timezone.now())
    if isinstance(renewed, User):
        request.user = renewed
    else:
        sessions.sign_out(request, because=renewed.because)


def _refused(request: HttpRequest, name: str, problem: Forged | None) -> HttpResponse:
    logger.warning("A sign-in by the proxy failed (%s): %s", name, problem or "It names nobody.")
    context = {"problem": name, "contact": settings.ACCESS_CONTACT}
    return render(request, "access/problem.html", context, status=403)
