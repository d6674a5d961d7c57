"""Sign-in page, sign-out, and sign-in as a persona of the demo."""

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard.access import proxy_sign_in, sessions
from dashboard.access.personas import PERSONAS, persona_user
from dashboard.access.provider_logout import logout_url
from dashboard.access.safe_redirects import safe_url
from dashboard.access.sign_in_rate_limit import limit_failures


@require_GET
@never_cache
@login_not_required
def login(request: HttpRequest) -> HttpResponse:
    """Show how to sign in; redirect people who are signed in already."""
    if request.user.is_authenticated:
        return redirect(_next_url(request))
    context = {
        "personas": PERSONAS if settings.DESK_DEMO else (),
        "has_sso": bool(settings.OIDC_ISSUER),
        "has_proxy": proxy_sign_in.is_offered(request),
        "contact": settings.ACCESS_CONTACT,
        "next": _next_url(request),
        "has_ended": "ended" in request.GET,
        "is_out": "out" in request.GET,
    }
    return render(request, "access/login.html", context)


@require_POST
@login_not_required
@limit_failures(of="login-demo")
def sign_in_as_persona(request: HttpRequest, key: str) -> HttpResponse:
    """Sign in as a persona of the demo; respond 404 unless DESK_DEMO is set."""
    user = persona_user(key) if settings.DESK_DEMO else None
    if user is None:
        raise Http404
    sessions.sign_in(request, user)
    return redirect(_next_url(request))


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out here and, through a page that redirects there, at the identity provider."""
    id_token = sessions.sign_out(request)
    return_url = request.build_absolute_uri(reverse("login"))
    url = logout_url(id_token=id_token, return_url=return_url) if id_token else ""
    if url:
        return render(request, "access/redirecting.html", {"url": url, "is_out": True})
    has_company_account = bool(settings.OIDC_ISSUER or settings.PROXY_SETTINGS)
    return redirect(reverse("login", query={"out": "1"} if has_company_account else None))


def _next_url(request: HttpRequest) -> str:
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    return safe_url(request, wanted)
