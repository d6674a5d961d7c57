"""The way to the identity provider and back."""

import logging
from collections.abc import Callable
from functools import wraps
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
from assignments.views.rate_limits import at_most
from dashboard.access import logout_tokens, oidc, provisioning, renewal, sessions
from dashboard.access.id_token_claims import Identity, identity
from dashboard.access.models import SignIn, User
from dashboard.access.renewal import Verdict
from dashboard.access.safe_redirects import local

logger = logging.getLogger("dashboard.sign_in")
View = Callable[[HttpRequest], HttpResponse]
STATUS = {"away": 503, "used": 400, "untrusted": 403, "denied": 403}


def with_provider(view: View) -> View:
    """Answer 404 without a provider, and say what happened when it fails."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if not settings.OIDC_ISSUER:
            raise Http404
        try:
            return view(request)
        except oidc.ProviderAway as error:
            return _problem(request, "away", error)
        except oidc.Untrusted as error:
            return _problem(request, "untrusted", error)
        except oidc.Denied as error:
            return _problem(request, "used" if str(error) == "invalid_grant" else "denied", error)

    return wrapped


@require_GET
@never_cache
@login_not_required
@at_most("120/m", of="sign-in")
@with_provider
def start(request: HttpRequest) -> HttpResponse:
    """Go to the identity provider."""
    return redirect(_begin(request, is_silent=False))


@require_GET
@never_cache
@with_provider
def renew(request: HttpRequest) -> HttpResponse:
    """Have the provider asked by the browser whether the person is still signed in there.

    By a page, not by a redirect: the policy on forms would stop a redirect after a POST.
    """
    return render(request, "access/redirecting.html", {"url": _begin(request, is_silent=True)})


@require_GET
@never_cache
@login_not_required
@at_most("120/m", of="sign-in")
@with_provider
def callback(request: HttpRequest) -> HttpResponse:
    """Come back from the provider; what it says counts only for a way that began here."""
    keeper, state = oidc.provider().framework, request.GET.get("state", "")
    begun = keeper.get_state_data(request.session, state)
    keeper.clear_state_data(request.session, state)
    if begun is None:
        return _problem(request, "used", None)
    if "error" in request.GET:
        if begun["is_silent"]:
            return _ended(request, begun["next"])
        raise oidc.Denied(request.GET["error"][:60])
    vouched = oidc.finish(
        code=request.GET.get("code", ""), begun=begun, redirect_uri=begun["redirect_uri"]
    )
    return _let_in(request, vouched, begun)


@require_POST
@csrf_exempt
@never_cache
@login_not_required
@at_most("120/m", of="sign-in")
@with_provider
def ended_at_provider(request: HttpRequest) -> HttpResponse:
    """End the sessions that the provider says have ended (back-channel logout)."""
    try:
        ended = logout_tokens.read(request.POST.get("logout_token", ""))
    except oidc.Untrusted as error:
        logger.warning("A logout token was refused: %s", error)
        return HttpResponse(status=400)
    sessions.end_at_provider(session=ended.session, subject=ended.subject, now=timezone.now())
    return HttpResponse(status=200)


def _begin(request: HttpRequest, *, is_silent: bool) -> str:
    back = request.build_absolute_uri(reverse("login-callback"))
    begun = oidc.begin(redirect_uri=back, is_silent=is_silent)
    wanted = local(request, request.GET.get(REDIRECT_FIELD_NAME, ""))
    kept = begun | {"redirect_uri": back, "next": wanted, "is_silent": is_silent}
    oidc.provider().framework.set_state_data(request.session, begun["state"], kept)
    return begun["url"]


def _let_in(request: HttpRequest, vouched: oidc.Vouched, begun: dict[str, str]) -> HttpResponse:
    who, now = identity(vouched.claims), timezone.now()
    if begun["is_silent"] and getattr(request.user, "subject", "") == who.subject:
        signin = SignIn.objects.filter(session_key=request.session.session_key).first()
        if signin and renewal.confirm(request, signin, vouched, now=now) is Verdict.FINE:
            return redirect(begun["next"])
        return _ended(request, begun["next"])
    user = provisioning.admit(who, by=somebody(request, who), now=now)
    if isinstance(user, User):
        sessions.sign_in(request, user, vouched)
        return redirect(begun["next"])
    return refused(request, who, because=user.because)


def refused(request: HttpRequest, who: Identity, *, because: str) -> HttpResponse:
    """Say why somebody whom the company vouches for does not come in, and whom to ask."""
    context = {"because": because, "who": who, "contact": settings.ACCESS_CONTACT}
    return render(request, "access/refused.html", context, status=403)


def _ended(request: HttpRequest, wanted: str) -> HttpResponse:
    if request.user.is_authenticated:
        sessions.sign_out(request, because="the identity provider did not confirm the session")
    return redirect(f"{reverse('login')}?{urlencode({'next': wanted, 'ended': '1'}, safe='/')}")


def somebody(request: HttpRequest, who: Identity) -> Actor:
    """Return who asks to come in, as the log names them: a visitor, until they are known."""
    known = User.objects.filter(issuer=who.issuer, subject=who.subject).first()
    return Actor(
        ref=f"user/{known.pk}" if known else "visitor",
        name=who.name,
        email=who.email,
        means="page",
        ip=request.META.get("REMOTE_ADDR", ""),
        request_id=getattr(request, "request_id", ""),
    )


def _problem(request: HttpRequest, name: str, error: Exception | None) -> HttpResponse:
    logger.warning("A sign-in failed (%s): %s", name, error)
    context = {"problem": name, "contact": settings.ACCESS_CONTACT}
    return render(request, "access/problem.html", context, status=STATUS[name])
