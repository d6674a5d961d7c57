"""What programs are told when something is not as asked: Problem Details (RFC 9457)."""

from typing import Final

from django.http import HttpRequest, JsonResponse

FOR_PROGRAMS: Final = "/api/"
_TYPE: Final = "application/problem+json"


def is_for_programs(request: HttpRequest) -> bool:
    """Return whether the address is one that programs ask, which no page can help."""
    return request.path.startswith(FOR_PROGRAMS)


def problem(status: int, title: str, detail: str, **more: object) -> JsonResponse:
    """Return an answer that says what happened, and in `detail` what to do."""
    told = {"title": title, "status": status, "detail": detail, **more}
    return JsonResponse(told, status=status, content_type=_TYPE)
