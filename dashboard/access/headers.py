"""Security headers of every response, the limit on request size, and reports of CSP violations."""

import json
import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from assignments.views.rate_limits import at_most

logger = logging.getLogger("dashboard.requests")
Handler = Callable[[HttpRequest], HttpResponseBase]

UNUSED_FEATURES: Final = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "payment",
    "usb",
)
DEFAULT_HEADERS: Final = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
    "Reporting-Endpoints": 'desk="/csp-report"',
    # Pages contain personal data: neither proxies nor the browser may keep them.
    "Cache-Control": "no-store, private",
}
MAX_REPORT_BYTES: Final = 16_384
MAX_REPORTS: Final = 10
# Each in the spelling of `report-uri` and of the Reporting API.
REPORTED_FIELDS: Final = ("violated-directive", "effectiveDirective", "blocked-uri", "blockedURL")
PAGE_URL_FIELDS: Final = ("document-uri", "documentURL")


def response_headers(get_response: Handler) -> Handler:
    """Add the default headers that the response does not set itself."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in DEFAULT_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


def limit_request_size(get_response: Handler) -> Handler:
    """Respond 413 to a request whose announced length is too large, before reading its body."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.MAX_REQUEST_BYTES:
            return render(request, "413.html", status=413)
        return get_response(request)

    return middleware


@require_POST
@csrf_exempt
@login_not_required
@at_most("60/m", of="csp-report")
def csp_report(request: HttpRequest) -> HttpResponse:
    """Log reports of violations of the content security policy; anybody can send them."""
    try:
        sent = request.read(MAX_REPORT_BYTES + 1)
    except UnreadablePostError:
        return HttpResponse(status=400)
    if len(sent) > MAX_REPORT_BYTES:
        return HttpResponse(status=413)
    try:
        content = json.loads(sent)
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    for report in (content if isinstance(content, list) else [content])[:MAX_REPORTS]:
        _log_report(report)
    return HttpResponse(status=204)


def _log_report(report: object) -> None:
    body = report.get("csp-report") or report.get("body") if isinstance(report, dict) else None
    if not isinstance(body, dict):
        return
    texts = {name: text for name, text in body.items() if isinstance(text, str)}
    fields = {name: texts[name][:200] for name in REPORTED_FIELDS if name in texts}
    fields |= {name: _path(texts[name]) for name in PAGE_URL_FIELDS if name in texts}
    logger.warning("A browser blocked something: %s", json.dumps(fields))


def _path(url: str) -> str:
    """Return the path of a URL, without the query, which may hold what a person searched for."""
    try:
        return urlsplit(url).path[:200]
    except ValueError:
        return ""
