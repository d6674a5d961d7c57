"""Middleware that gives every request an id and its client's address, and logs a line on it."""

import ipaddress
import logging
import time
import uuid
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from assignments import trace

log = logging.getLogger("dashboard.requests")
Handler = Callable[[HttpRequest], HttpResponse]
# Requested by monitors every few seconds, or several times for each page: logged at DEBUG.
DEBUG_PATHS: Final = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)


def request_id(get_response: Handler) -> Handler:
    """Set the id that the request's log lines, audit entries, pages and response carry."""

    def middleware(request: HttpRequest) -> HttpResponse:
        new_id = _id_from_proxy(request) or str(uuid.uuid4())
        request.request_id = new_id  # type: ignore[attr-defined]
        started_monotonic = time.monotonic()
        with trace.bind_request_id(new_id):
            response = get_response(request)
            _log_request(request, response.status_code, started_monotonic)
        response["X-Request-ID"] = new_id
        return response

    return middleware


def client_address(get_response: Handler) -> Handler:
    """Set REMOTE_ADDR to the address that the first of the trusted proxies was connected from."""

    def middleware(request: HttpRequest) -> HttpResponse:
        address = _address_from_proxies(request) or _plain(request.META.get("REMOTE_ADDR", ""))
        if address:
            request.META["REMOTE_ADDR"] = address
        return get_response(request)

    return middleware


def _address_from_proxies(request: HttpRequest) -> str:
    """Return the address in X-Forwarded-For; empty if the request did not pass all the proxies.

    Each proxy adds the address that it was connected from. What is before those of the trusted
    proxies was written by the client.
    """
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    if not 0 < settings.TRUSTED_PROXIES <= len(hops):
        return ""
    hop = hops[-settings.TRUSTED_PROXIES].strip()
    # Some proxies add the port: 192.0.2.7:4711 or [2001:db8::7]:4711.
    host = hop.partition("]")[0].lstrip("[") if hop.startswith("[") else hop
    if host.count(":") == 1:
        host = host.partition(":")[0]
    return _plain(host)


def _plain(text: str) -> str:
    """Return an IP address without its zone, and IPv4 as such; empty if it is none.

    Servers that accept IPv4 and IPv6 on one socket write `::ffff:192.0.2.7` for the former.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _id_from_proxy(request: HttpRequest) -> str:
    """Return the UUID in REQUEST_ID_HEADER; empty if the setting or a valid UUID is missing."""
    name = settings.REQUEST_ID_HEADER
    try:
        return str(uuid.UUID(request.headers.get(name, ""))) if name else ""
    except ValueError:
        return ""


def _log_request(request: HttpRequest, status: int, started_monotonic: float) -> None:
    # Without the query string, which may hold what a person searched for.
    fields = {
        "method": request.method,
        "path": request.path,
        "status": status,
        "ms": round((time.monotonic() - started_monotonic) * 1000, 1),
    }
    level = logging.DEBUG if request.path.startswith(DEBUG_PATHS) else logging.INFO
    log.log(level, "%s %s %s", request.method, request.path, status, extra=fields)
