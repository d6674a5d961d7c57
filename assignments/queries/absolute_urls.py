"""Addresses of our pages as they stand outside of the site: in letters, and in a SIEM."""

from django.conf import settings
from django.urls import reverse


def link(name: str, pk: int) -> str:
    """Return the whole address of a page."""
    return f"{settings.SITE_URL}{reverse(name, args=[pk])}"
