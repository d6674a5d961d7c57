"""Reads from the environment where the audit log is handed on to."""

from typing import TYPE_CHECKING

import environ
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import is_loopback

if TYPE_CHECKING:
    from assignments.siem.places import Place


def siem(env: environ.Env) -> "Place | None":
    """Return the place that SIEM_URL names, or nothing.

    :raises ImproperlyConfigured: with the one thing to change
    """
    url = str(env.str("SIEM_URL", default=""))
    if not url:
        return None
    if url.lower().startswith("http://") and not is_loopback(url):
        raise ImproperlyConfigured(
            "SIEM_URL is set, and it goes over an open line. Start it with https://."
        )
    # Only now: the library behind it takes a command longer to load than all of Django.
    from assignments.siem.places import NotAPlace, place  # noqa: PLC0415

    try:
        return place(url, authorization=str(env.str("SIEM_AUTHORIZATION", default="")))
    except NotAPlace as problem:
        raise ImproperlyConfigured(f"SIEM_URL is set, and {problem}.") from problem
