"""The one line that a search of the log is, as an address carries it."""

from datetime import date, datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from assignments.audit.query import Query


def asked(asked_for: QueryDict) -> str:
    """Return the line."""
    return asked_for.get("q", "").strip()


def today(now: datetime) -> date:
    """Return the organisation's day, from which words such as last-month count."""
    return timezone.localdate(now, timezone.get_default_timezone())


def address(query: Query | str, *, name: str = "audit", **more: int) -> str:
    """Return the address of a page of the log that shows what the line finds."""
    parts = {"q": str(query), **more}
    found = urlencode({part: value for part, value in parts.items() if value != ""})
    return f"{reverse(name)}?{found}" if found else reverse(name)
