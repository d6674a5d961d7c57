"""The door: signing in, signing out, and the demo's personas."""

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from assignments.views.rate_limits import at_most
from dashboard.access import oidc, proxy_sign_in, sessions
from dashboard.access.personas import PERSONAS, persona
from dashboard.access.safe_redirects import local


@require_GET
@never_cache
@login_not_required
def login(request: HttpRequest) -> HttpResponse:
    """Offer the ways in; whoever is in already goes on."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    context = {
        "personas": PERSONAS if settings.DESK_DEMO else (),
        "has_sso": bool(settings.OIDC_ISSUER),
        "has_proxy": proxy_sign_in.is_the_way_in(request),
        "contact": settings.ACCESS_CONTACT,
        "next": _next(request),
        "has_ended": "ended" in request.GET,
        "is_out": "out" in request.GET,
    }
    return render(request, "access/login.html", context)


@require_POST
@login_not_required
@at_most("120/m", of="sign-in")
def sign_in_as_persona(request: HttpRequest, key: str) -> HttpResponse:
    """Sign in as somebody of the demo; without DESK_DEMO there is no such page."""
    user = persona(key) if settings.DESK_DEMO else None
    if user is None:
        raise Http404
    sessions.sign_in(request, user)
    return redirect(_next(request))


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out here and, through a page that leads there, at the identity provider."""
    id_token = sessions.sign_out(request)
    door = reverse("login")
    back_to = request.build_absolute_uri(door)
    url = oidc.logout_url(id_token=id_token, back_to=back_to) if id_token else ""
    if url:
        return render(request, "access/redirecting.html", {"url": url, "is_out": True})
    return redirect(reverse("login", query={"out": "1"}) if _has_company() else door)


def _has_company() -> bool:
    return bool(settings.OIDC_ISSUER or settings.GATEWAY)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    return local(request, wanted)
