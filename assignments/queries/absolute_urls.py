"""Absolute URLs of pages, for e-mails and the SIEM."""

from django.conf import settings
from django.urls import reverse


def page_url(name: str, *args: object) -> str:
    """Return the absolute URL of a page, given as its URL's name and arguments."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"
