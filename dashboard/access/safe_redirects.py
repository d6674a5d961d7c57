"""Safe redirects to and from sign-in: same-host URLs only."""

from typing import Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def safe_url(request: HttpRequest, url: str) -> str:
    """Return the URL if it is one of this site, else that of the start page."""
    is_same_host = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # `redirect` takes a bare word for the name of a view.
    is_url = url.startswith(("/", "https://", "http://"))
    return url if is_same_host and is_url else reverse(settings.LOGIN_REDIRECT_URL)


def current_page(request: HttpRequest) -> str:
    """Return the path and query of the page in the browser, also for an htmx request or a POST."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.get_full_path()
    page_url = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not page_url or safe_url(request, page_url) != page_url:
        return request.get_full_path() if request.method == "GET" else reverse("home")
    parts = urlsplit(page_url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sign_in_url(request: HttpRequest, *, route: str = "login") -> str:
    """Return the URL of the sign-in page, with the page to return to.

    It has `ended=1` if a session has just ended. The page to return to gets `unsaved=1` if the
    request would have stored something, so that it can say that this is missing.
    """
    page = current_page(request)
    if request.method not in SAFE_METHODS:
        page += ("&" if "?" in page else "?") + "unsaved=1"
    query = {REDIRECT_FIELD_NAME: page}
    # The cookie names a session that no longer exists; visitors may have one that does.
    has_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES
    if route == "login" and has_cookie and request.session.session_key is None:
        query["ended"] = "1"
    return f"{reverse(route)}?{urlencode(query, safe='/')}"


def redirect_to(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect to a page; htmx, which cannot follow a redirect, is told to load it whole."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": url})
    return redirect(url)
