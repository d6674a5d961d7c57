"""Pages for what cannot be shown: what happened, what it means, what to do next."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from assignments.views.problem_details import is_for_programs, problem


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the person's role may not do this."""
    if is_for_programs(request):
        return problem(403, "Not allowed", "The token's owner has no role that may do this.")
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that there is no such page."""
    if is_for_programs(request):
        return problem(
            404, "No such address", "docs/for-auditors.md names the addresses there are."
        )
    return render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Say that the request could not be read; it may name a host that is not ours."""
    return HttpResponse(render_to_string("400.html", _said_of(request)), status=400)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that our own code failed; needs neither the database nor the frame."""
    if is_for_programs(request):
        detail = "Try again later; if it still fails, tell whoever runs this site this id."
        return problem(500, "Something went wrong", detail, **_said_of(request))
    return HttpResponse(render_to_string("500.html", _said_of(request)), status=500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was too old; what was typed in a draft is kept on the server."""
    return render(request, "403_csrf.html", status=403)


def _said_of(request: HttpRequest) -> dict[str, str]:
    return {"request_id": getattr(request, "request_id", "")}
