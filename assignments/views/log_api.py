"""The log's API: the search of the log's page, as JSON."""

from dataclasses import asdict

from django.contrib.auth.decorators import permission_required
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assignments.audit.search import access_records
from assignments.audit.search.api_results import fetch_results
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import Query
from assignments.forms.log_api import PageForm
from assignments.views.log_query_url import query_text, query_url, today
from assignments.views.problem_details import problem
from assignments.views.rate_limits import at_most
from assignments.views.request_context import Request, acting


@require_GET
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("120/m", of="log-api")
def entries(request: Request) -> JsonResponse:
    """Return the entries that match `q`, newest first; every request is recorded in the log."""
    form, now = PageForm(request.GET), timezone.now()
    if not form.is_valid():
        return problem(400, "A number is not as it should be", form.problems())
    try:
        query = parse(query_text(request.GET), today=today(now))
    except QuerySyntaxError as error:
        place = {"query": error.query, "start": error.start, "end": error.end}
        return problem(400, "The search is not understood", str(error), **place)
    limit, before = form.limit_or_default(), form.cleaned_data["before"]
    result = fetch_results(query, before=before, limit=limit)
    access_records.record_search(query=query, count=result.count, by=acting(request), now=now)
    return JsonResponse(
        {**asdict(result), "next": _next_url(request, query, limit, result.next_before)}
    )


def _next_url(request: Request, query: Query, limit: int, before: int | None) -> str | None:
    if before is None:
        return None
    return request.build_absolute_uri(query_url(query, name="log-api", limit=limit, before=before))
