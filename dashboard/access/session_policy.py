"""How long a session lasts: out when idle, out after so many hours, out when nobody vouches."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from assignments.views.problem_details import is_for_programs
from dashboard.access import renewal, sessions, tokens
from dashboard.access.models import SignIn
from dashboard.access.renewal import Verdict
from dashboard.access.rules import OPEN, RULES, SIGNED_IN
from dashboard.access.safe_redirects import come_back_to, htmx_to, sign_in_address

SEEN_EVERY: Final = timedelta(minutes=1)
# Parts that ask for themselves again; that nobody sits before them is what idle means.
LIVE_PARTS: Final = frozenset({"live-part", "now", "list", "syncs"})
# Here the browser asks the provider or leaves; nothing personal is shown.
AT_THE_DOOR: Final = ("/login/", "/logout/")
Handler = Callable[[HttpRequest], HttpResponseBase]


def session_policy(get_response: Handler) -> Handler:
    """End sessions that are over, and have the others vouched for again in time."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        is_at_door = request.path.startswith(AT_THE_DOOR)
        door = None if is_at_door or not request.user.is_authenticated else _door(request)
        answer = _checked(request, door, timezone.now()) if door else None
        return answer or get_response(request)

    return middleware


class Gate(LoginRequiredMiddleware):
    """Holds the rules; leads to the door, and back to where the person was afterwards."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Let through what a rule allows; an address without a rule is closed."""
        match = request.resolver_match
        rule = RULES.get(match.url_name or "") if match else None
        if rule is not None and rule.needs == OPEN:
            return None
        if not request.user.is_authenticated:
            return self.handle_no_permission(request, view_func)
        if rule is None or not (rule.needs == SIGNED_IN or request.user.has_perm(rule.needs)):
            raise PermissionDenied
        return None

    def handle_no_permission(  # type: ignore[override]  # htmx cannot follow a redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        """Lead to the door; htmx is told to load it whole, a program what it needs."""
        if is_for_programs(request):
            return tokens.wanted()
        address = sign_in_address(request)
        return htmx_to(address) if request.headers.get("HX-Request") else redirect(address)


def _door(request: HttpRequest) -> dict[str, Any] | None:
    door: dict[str, Any] | None = request.session.get(sessions.DOOR)
    return door


def _checked(request: HttpRequest, door: dict[str, Any], now: datetime) -> HttpResponse | None:
    if now.timestamp() >= door["until"]:
        sessions.sign_out(request, because="the session had lasted its hours")
        return None
    vouched = door["vouched"]
    if vouched and now.timestamp() - vouched >= renewal.RENEW_AFTER.total_seconds():
        answer = _vouched_again(request, vouched, now)
        if answer is not None:
            return answer
    if request.user.is_authenticated:
        _note_seen(request, now)
    return None


def _note_seen(request: HttpRequest, now: datetime) -> None:
    """Move the end of the idle time on, at most once a minute and for people only."""
    door = request.session[sessions.DOOR]
    is_live_part = request.headers.get("HX-Trigger") in LIVE_PARTS
    if is_live_part or now.timestamp() - door["seen"] < SEEN_EVERY.total_seconds():
        return
    request.session[sessions.DOOR] = door | {"seen": now.timestamp()}
    SignIn.objects.filter(session_key=request.session.session_key).update(seen_at=now)


def _vouched_again(request: HttpRequest, vouched: float, now: datetime) -> HttpResponse | None:
    verdict = renewal.renewed(request, now=now)
    if verdict is Verdict.AWAY:
        return render(request, "access/problem.html", {"problem": "away"}, status=503)
    if verdict is Verdict.BY_BROWSER:
        return _by_browser(request, now.timestamp() - vouched)
    if verdict is Verdict.OUT and request.user.is_authenticated:
        sessions.sign_out(request, because="nobody vouched for the session")
    return None


def _by_browser(request: HttpRequest, age: float) -> HttpResponse | None:
    """Let the browser ask, which only a whole page can; a change may take until the limit."""
    is_page = request.method == "GET" and not request.headers.get("HX-Request")
    if not is_page and age < renewal.OUT_AFTER.total_seconds():
        return None
    address = sign_in_address(request, route="login-renew", come_back=come_back_to(request))
    if request.headers.get("HX-Request"):
        return htmx_to(address)
    return redirect(address)
