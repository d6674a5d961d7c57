"""The one line that a search of the log is, as an address carries it."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from assignments.audit.search.parser import NotUnderstood, parse
from assignments.audit.search.query import Query
from assignments.views.request_context import Request


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


def for_a_search(
    view: Callable[[Request, Query], HttpResponse],
) -> Callable[[Request], HttpResponse]:
    """Give the view what is searched for; what is not understood is shown where searches are."""

    @wraps(view)
    def wrapped(request: Request) -> HttpResponse:
        text = asked(request.POST or request.GET)
        try:
            query = parse(text, today=today(timezone.now()))
        except NotUnderstood:
            return redirect(address(text))
        return view(request, query)

    return wrapped
