"""Error responses for programs: Problem Details (RFC 9457)."""

from typing import Final

from django.http import HttpRequest, JsonResponse

API_PREFIX: Final = "/api/"
_TYPE: Final = "application/problem+json"


def is_api_request(request: HttpRequest) -> bool:
    """Return whether the request is to the API, which gets JSON for an error and never a page."""
    return request.path.startswith(API_PREFIX)


def problem(status: int, title: str, detail: str, **more: object) -> JsonResponse:
    """Return a response that says in `title` what happened, and in `detail` what to do."""
    body = {"title": title, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type=_TYPE)
