"""Absolute URLs of pages, for e-mails and the SIEM."""

from django.conf import settings
from django.urls import reverse


def page_url(name: str, pk: int) -> str:
    """Return the absolute URL of a page."""
    return f"{settings.SITE_URL}{reverse(name, args=[pk])}"
