"""Single sign-on: redirect to the identity provider, its callback, and back-channel logout."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from assignments.audit.entries.actors import Actor
from dashboard.access import logout_tokens, oidc, renewal, sessions
from dashboard.access.backchannel_logout import end_access
from dashboard.access.id_token_claims import identity_from_claims
from dashboard.access.identities import Identity
from dashboard.access.models import SignIn, User
from dashboard.access.oidc_errors import (
    ProviderUnavailable,
    SignInDenied,
    UntrustedProviderData,
    UnusableDocument,
    is_away,
)
from dashboard.access.provisioning import provision_user
from dashboard.access.renewal import Renewal
from dashboard.access.safe_redirects import safe_url
from dashboard.access.sign_in_rate_limit import limit_failures

logger = logging.getLogger("dashboard.sign_in")
View = Callable[[HttpRequest], HttpResponse]
# Key in the session of the sign-in or renewal that was completed last.
COMPLETED: Final = "completed_sign_in"
STATUSES: Final = {"unavailable": 503, "expired": 400, "untrusted": 403, "denied": 403}


def requires_provider(view: View) -> View:
    """Respond 404 without an identity provider, and with a problem page when it fails."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if not settings.OIDC_ISSUER:
            raise Http404
        try:
            return view(request)
        except ProviderUnavailable as error:
            return _problem_page(request, "unavailable", error)
        except UntrustedProviderData as error:
            return _problem_page(request, "untrusted", error)
        except SignInDenied as error:
            is_expired = str(error) == "invalid_grant"
            return _problem_page(request, "expired" if is_expired else "denied", error)

    return wrapped


@require_GET
@never_cache
@login_not_required
@limit_failures(of="login-start")
@requires_provider
def start_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the identity provider."""
    return redirect(_start(request, is_silent=False))


@require_GET
@never_cache
@requires_provider
def renew_by_browser(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider to confirm the session without interaction.

    By a page, not by a redirect: `form-action` of the CSP forbids a redirect after a POST.
    """
    try:
        url = _start(request, is_silent=True)
    except (ProviderUnavailable, UnusableDocument):
        return _go_on_unconfirmed(request, _next_url(request))
    return render(request, "access/redirecting.html", {"url": url})


@require_GET
@never_cache
@login_not_required
@limit_failures(of="login-callback")
@requires_provider
def callback(request: HttpRequest) -> HttpResponse:
    """Complete a sign-in or renewal that started in this session (`state`)."""
    store, state = oidc.provider().framework, request.GET.get("state", "")
    started = store.get_state_data(request.session, state)
    store.clear_state_data(request.session, state)
    if started is None:
        return _repeated(request, state)
    try:
        return _complete(request, _verified_tokens(request, started), started)
    except (ProviderUnavailable, UnusableDocument):
        if started["is_silent"]:
            return _go_on_unconfirmed(request, started["next"])
        raise
    except SignInDenied:
        if started["is_silent"] and "error" in request.GET:
            return _end_session(request, started["next"])
        raise


@require_POST
@csrf_exempt
@never_cache
@login_not_required
@limit_failures(of="login-ended")
@requires_provider
def backchannel_logout(request: HttpRequest) -> HttpResponse:
    """End the sessions that a logout token names (OpenID Connect Back-Channel Logout 1.0)."""
    try:
        ended = logout_tokens.verify_logout_token(request.POST.get("logout_token", ""))
    except UntrustedProviderData as error:
        logger.warning("A logout token was refused: %s", error)
        return HttpResponse(status=400)
    end_access(ended, now=timezone.now())
    return HttpResponse(status=200)


def _start(request: HttpRequest, *, is_silent: bool) -> str:
    """Return the provider's URL, and keep in the session what the callback needs."""
    redirect_uri = request.build_absolute_uri(reverse("login-callback"))
    started = oidc.authorization_request(redirect_uri=redirect_uri, is_silent=is_silent)
    state_data = started | {
        "redirect_uri": redirect_uri,
        "next": _next_url(request),
        "is_silent": is_silent,
    }
    oidc.provider().framework.set_state_data(request.session, started["state"], state_data)
    return started["url"]


def _next_url(request: HttpRequest) -> str:
    return safe_url(request, request.GET.get(REDIRECT_FIELD_NAME, ""))


def _verified_tokens(request: HttpRequest, started: dict[str, str]) -> oidc.VerifiedTokens:
    """Return the tokens for the code of a callback, or raise the error that it carries."""
    code = request.GET.get("error", "")[:60]
    if code:
        raise ProviderUnavailable(code) if is_away(code) else SignInDenied(code)
    return oidc.exchange_code(
        code=request.GET.get("code", ""), started=started, redirect_uri=started["redirect_uri"]
    )


def _go_on_unconfirmed(request: HttpRequest, next_url: str) -> HttpResponse:
    """Return to the page although the provider is away, unless it has been so for too long.

    :raises ProviderUnavailable: if the session may not be used any more
    """
    if not renewal.postpone_renewal(request, now=timezone.now()):
        raise ProviderUnavailable("The session could not be confirmed for too long.")
    return redirect(next_url)


def _complete(
    request: HttpRequest, verified: oidc.VerifiedTokens, started: dict[str, str]
) -> HttpResponse:
    identity, now = identity_from_claims(verified.id_token_claims), timezone.now()
    if started["is_silent"] and getattr(request.user, "subject", "") == identity.subject:
        sign_in = SignIn.objects.filter(session_key=request.session.session_key).first()
        if sign_in:
            outcome = renewal.confirm_session(request, sign_in, verified, now=now)
            if outcome is Renewal.CONFIRMED:
                return _go_on(request, started)
        return _end_session(request, started["next"])
    user = provision_user(identity, by=actor_signing_in(request, identity), now=now)
    if isinstance(user, User):
        sessions.sign_in(request, user, verified)
        return _go_on(request, started)
    return refusal_page(request, identity, reason=user.reason)


def _go_on(request: HttpRequest, started: dict[str, str]) -> HttpResponse:
    """Redirect to the page that the person wanted, and remember it for a repeated callback."""
    request.session[COMPLETED] = {"state": started["state"], "next": started["next"]}
    return redirect(started["next"])


def _repeated(request: HttpRequest, state: str) -> HttpResponse:
    """Respond to a callback that was used: by a double press, the back button, or by others."""
    completed = request.session.get(COMPLETED, {})
    if request.user.is_authenticated and completed.get("state") == state:
        return redirect(completed["next"])
    return _problem_page(request, "expired", None)


def refusal_page(request: HttpRequest, identity: Identity, *, reason: str) -> HttpResponse:
    """Tell a person whom the provider vouches for why the sign-in was refused and whom to ask."""
    context = {"reason": reason, "identity": identity, "contact": settings.ACCESS_CONTACT}
    return render(request, "access/refused.html", context, status=403)


def _end_session(request: HttpRequest, next_url: str) -> HttpResponse:
    if request.user.is_authenticated:
        sessions.sign_out(request, reason="the identity provider did not confirm the session")
    return redirect(f"{reverse('login')}?{urlencode({'next': next_url, 'ended': '1'}, safe='/')}")


def actor_signing_in(request: HttpRequest, identity: Identity) -> Actor:
    """Return the actor for audit entries about a sign-in: `visitor` until there is a user."""
    user = User.objects.filter(issuer=identity.issuer, subject=identity.subject).first()
    return Actor(
        ref=f"user/{user.pk}" if user else "visitor",
        name=identity.name,
        email=identity.email,
        means="page",
        ip=request.META.get("REMOTE_ADDR", ""),
        request_id=getattr(request, "request_id", ""),
    )


def _problem_page(request: HttpRequest, name: str, error: Exception | None) -> HttpResponse:
    logger.warning("A sign-in failed (%s): %s", name, error or "Its state is unknown.")
    context = {"problem": name, "contact": settings.ACCESS_CONTACT}
    return render(request, "access/problem.html", context, status=STATUSES[name])
