"""Error pages: what happened, what it means and what to do; problem details (JSON) for the API."""

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from assignments.views.problem_details import is_api_request, problem
from dashboard.access.safe_redirects import redirect_to, safe_url, sign_in_url


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Respond 403: no role of the user permits this."""
    if is_api_request(request):
        return problem(403, "Not allowed", "The token's owner has no role that may do this.")
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Respond 404: there is no such page."""
    if is_api_request(request):
        return problem(404, "No such address", "docs/for-auditors.md lists the addresses.")
    return render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Respond 400; without a request context, because the host name may not be allowed.

    A request whose session was replaced meanwhile, by a sign-in in another tab, goes on after it.
    """
    if isinstance(exception, SessionInterrupted):
        return redirect_to(request, sign_in_url(request))
    return HttpResponse(render_to_string("400.html", _context(request)), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Respond 500, without the database and the layout, either of which may be the cause."""
    if is_api_request(request):
        detail = "Try again later; if it still fails, give whoever runs this site this id."
        return problem(500, "Something went wrong", detail, **_context(request))
    return HttpResponse(render_to_string("500.html", _context(request)), status=500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Respond 403 to a form whose CSRF token is missing or too old; drafts are on the server.

    Signing in replaces the token: a sign-in form from before it, as in a second tab, leads to the
    page that the person wanted.
    """
    match = request.resolver_match
    if request.user.is_authenticated and match is not None and match.url_name == "login-demo":
        return redirect(safe_url(request, request.POST.get(REDIRECT_FIELD_NAME, "")))
    return render(request, "403_csrf.html", status=403)


def _context(request: HttpRequest) -> dict[str, str]:
    return {"request_id": getattr(request, "request_id", "")}
