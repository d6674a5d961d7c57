"""What every answer tells the browser, and what a request may weigh."""

import json
import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from assignments.views.rate_limits import at_most

logger = logging.getLogger("dashboard.requests")
Handler = Callable[[HttpRequest], HttpResponseBase]

NOT_NEEDED: Final = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "payment",
    "usb",
)
EVERYWHERE: Final = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in NOT_NEEDED),
    "Reporting-Endpoints": 'desk="/csp-report"',
    # A page may hold people's names: nothing in between keeps it, nor the browser afterwards.
    "Cache-Control": "no-store, private",
}
LARGEST_REPORT: Final = 16_384
TOLD: Final = ("violated-directive", "effectiveDirective", "blocked-uri", "blockedURL")
PLACES: Final = ("document-uri", "documentURL")


def answer_headers(get_response: Handler) -> Handler:
    """Add what the answer does not say itself."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in EVERYWHERE.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


def request_size(get_response: Handler) -> Handler:
    """Refuse what is too large before any of it is read."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.LARGEST_REQUEST:
            return render(request, "413.html", status=413)
        return get_response(request)

    return middleware


@require_POST
@csrf_exempt
@login_not_required
@at_most("60/m", of="csp-report")
def csp_report(request: HttpRequest) -> HttpResponse:
    """Write down what a browser had to block; its words are quoted, never trusted."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_REPORT:
        return HttpResponse(status=413)
    try:
        found = json.loads(request.body)
    except ValueError:
        return HttpResponse(status=400)
    for report in (found if isinstance(found, list) else [found])[:10]:
        _write_down(report)
    return HttpResponse(status=204)


def _write_down(report: object) -> None:
    body = report.get("csp-report") or report.get("body") if isinstance(report, dict) else None
    if not isinstance(body, dict):
        return
    told = {name: str(body[name])[:200] for name in TOLD if name in body}
    # Never the query: it may hold what somebody searched for.
    told |= {name: urlsplit(str(body[name])).path[:200] for name in PLACES if name in body}
    logger.warning("A browser blocked something: %s", json.dumps(told))
