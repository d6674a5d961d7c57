"""Session policy: idle time, maximum length and renewal by the identity provider; access rules."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from assignments.views.problem_details import is_api_request
from dashboard.access import access_tokens, renewal, sessions
from dashboard.access.models import SignIn
from dashboard.access.renewal import Renewal
from dashboard.access.rules import PUBLIC, RULES, SIGNED_IN
from dashboard.access.safe_redirects import redirect_to, sign_in_url

LAST_SEEN_INTERVAL: Final = timedelta(minutes=1)
# Ids of the page parts that poll: their requests do not extend the idle time.
POLLING_PARTS: Final = frozenset({"live-part", "now", "list", "syncs"})
# Paths that sign in, renew or sign out, and show nothing personal.
EXEMPT_PATHS: Final = ("/login/", "/logout/")
Handler = Callable[[HttpRequest], HttpResponseBase]


def session_policy(get_response: Handler) -> Handler:
    """End sessions that have expired, and have the others confirmed in time."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = None
        if request.user.is_authenticated and not request.path.startswith(EXEMPT_PATHS):
            facts = request.session.get(sessions.SIGN_IN_FACTS)
            response = _enforce(request, facts, timezone.now()) if facts else None
        return response or get_response(request)

    return middleware


class AccessRuleMiddleware(LoginRequiredMiddleware):
    """Enforces the access rules; redirects to sign-in, and back to the page afterwards."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[object, ...],
        view_kwargs: dict[str, object],
    ) -> HttpResponseBase | None:
        """Pass the request on if a rule allows it; a URL without a rule is forbidden."""
        match = request.resolver_match
        rule = RULES.get(match.url_name or "") if match else None
        if rule is not None and rule.requires == PUBLIC:
            return None
        if not request.user.is_authenticated:
            return self.handle_no_permission(request, view_func)
        if rule is None or not (rule.requires == SIGNED_IN or request.user.has_perm(rule.requires)):
            raise PermissionDenied
        return None

    def handle_no_permission(  # type: ignore[override]  # htmx cannot follow a redirect
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        """Redirect to sign-in: the whole page for htmx; a program gets 401 with what to do."""
        if is_api_request(request):
            return access_tokens.token_required_response()
        return redirect_to(request, sign_in_url(request))


def _enforce(request: HttpRequest, facts: dict[str, float], now: datetime) -> HttpResponse | None:
    """Return the response that replaces the page's, if the policy requires one."""
    if now.timestamp() >= facts["expires"]:
        sessions.sign_out(request, reason="the session reached its maximum length")
        return None
    if renewal.is_due(facts, now):
        response = _renew(request, facts["confirmed"], now)
        if response is not None:
            return response
    if request.user.is_authenticated:
        _extend_idle_time(request, now)
    return None


def _extend_idle_time(request: HttpRequest, now: datetime) -> None:
    """Store when the person was last seen, at most once a minute and not for polling."""
    facts = request.session[sessions.SIGN_IN_FACTS]
    is_polling = request.headers.get("HX-Trigger") in POLLING_PARTS
    if is_polling or now.timestamp() - facts["last_seen"] < LAST_SEEN_INTERVAL.total_seconds():
        return
    request.session[sessions.SIGN_IN_FACTS] = facts | {"last_seen": now.timestamp()}
    SignIn.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)


def _renew(request: HttpRequest, confirmed: float, now: datetime) -> HttpResponse | None:
    outcome = renewal.renew_session(request, now=now)
    if outcome is Renewal.PROVIDER_DOWN:
        return render(request, "access/problem.html", {"problem": "unavailable"}, status=503)
    if outcome is Renewal.NEEDS_BROWSER:
        return _renew_by_browser(request, now.timestamp() - confirmed)
    if outcome is Renewal.ENDED and request.user.is_authenticated:
        sessions.sign_out(request, reason="the session could not be confirmed")
    return None


def _renew_by_browser(request: HttpRequest, age_seconds: float) -> HttpResponse | None:
    """Redirect a whole page to the provider; other requests only when the limit is reached."""
    is_page = request.method == "GET" and not request.headers.get("HX-Request")
    if not is_page and age_seconds < renewal.MAX_UNCONFIRMED.total_seconds():
        return None
    return redirect_to(request, sign_in_url(request, route="login-renew"))
