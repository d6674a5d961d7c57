"""Ways to the door and back: only ever to pages of our own."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


def local(request: HttpRequest, wanted: str) -> str:
    """Return the address if it is a page of ours, else the start page."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # A bare word would be taken for the name of a page.
    is_address = wanted.startswith(("/", "https://", "http://"))
    return wanted if is_ours and is_address else reverse(settings.LOGIN_REDIRECT_URL)


def come_back_to(request: HttpRequest) -> str:
    """Return the page the person sees now, whatever the request under way is."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.get_full_path()
    seen = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not seen or local(request, seen) != seen:
        return request.get_full_path() if request.method == "GET" else reverse("home")
    parts = urlsplit(seen)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sign_in_address(request: HttpRequest, *, route: str = "login", come_back: str = "") -> str:
    """Return the address of the door, saying whether a session ended just now."""
    words = {REDIRECT_FIELD_NAME: come_back or come_back_to(request)}
    # A cookie of a session that is no more; who never came in may have one of a session that is.
    had_one = settings.SESSION_COOKIE_NAME in request.COOKIES
    if route == "login" and had_one and request.session.session_key is None:
        words["ended"] = "1"
    return f"{reverse(route)}?{urlencode(words, safe='/')}"


def htmx_to(address: str) -> HttpResponse:
    """Tell htmx to load a whole page instead of a part."""
    return HttpResponse(status=401, headers={"HX-Redirect": address})
