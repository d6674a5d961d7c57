"""URLs with a query of the audit log, and the views that need one."""

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import Query
from assignments.views.request_context import Request


def query_text(params: QueryDict) -> str:
    """Return the text of the query, which is not parsed yet."""
    return params.get("q", "").strip()


def today(now: datetime) -> date:
    """Return today in the organisation's zone, from which words such as last-month count."""
    return timezone.localdate(now, timezone.get_default_timezone())


def query_url(query: Query | str, *, name: str = "audit", **more: int | str) -> str:
    """Return the URL of a page of the log for this query.

    :param name: the URL name of the page
    :param more: further query parameters
    """
    params = {"q": str(query), **more}
    encoded = urlencode({name: value for name, value in params.items() if value != ""})
    return f"{reverse(name)}?{encoded}" if encoded else reverse(name)


def with_query(
    view: Callable[[Request, Query], HttpResponse],
) -> Callable[[Request], HttpResponse]:
    """Parse the query for the view; redirect to the search page if it cannot be parsed."""

    @wraps(view)
    def wrapped(request: Request) -> HttpResponse:
        text = query_text(request.POST or request.GET)
        try:
            query = parse(text, today=today(timezone.now()))
        except QuerySyntaxError:
            return redirect(query_url(text))
        return view(request, query)

    return wrapped
