"""The door: signing in, signing out, and the demo's personas."""

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard.access import session
from dashboard.access.personas import PERSONAS, persona


@require_GET
@never_cache
@login_not_required
def login(request: HttpRequest) -> HttpResponse:
    """Offer the ways in; whoever is in already goes on."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    personas = PERSONAS if settings.DESK_DEMO else ()
    return render(request, "access/login.html", {"personas": personas, "next": _next(request)})


@require_POST
@login_not_required
def sign_in_as_persona(request: HttpRequest, key: str) -> HttpResponse:
    """Sign in as somebody of the demo; without DESK_DEMO there is no such page."""
    user = persona(key) if settings.DESK_DEMO else None
    if user is None:
        raise Http404
    session.sign_in(request, user)
    return redirect(_next(request))


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out and say so."""
    session.sign_out(request)
    return redirect("login")


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse(settings.LOGIN_REDIRECT_URL)
