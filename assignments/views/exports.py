"""Taking entries of the log away: exports and samples that a worker writes, and a page to print."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments.audit.export import formats, sampling
from assignments.audit.seals import sealing
from assignments.audit.seals.sealing import NotSealed
from assignments.audit.search import search
from assignments.audit.search.query import Query
from assignments.audit.verification import log_status
from assignments.forms.exports import ExportForm, SampleForm
from assignments.queries.connection_status import is_worker_seen
from assignments.queries.exports import exports_of
from assignments.services.exporting import download, export_request
from assignments.services.exporting.audit_events import ending
from assignments.services.exporting.dossiers import Sample
from assignments.views.log_query_url import address, for_a_search
from assignments.views.rate_limits import at_most
from assignments.views.request_context import Request, acting

SHOWN: Final = 50
MOST_PRINTED: Final = 1_000
TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl",
    "pack": "application/zip",
}


@require_GET
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
def exports(request: Request) -> HttpResponse:
    """Show the person's own exports: how far each is, and its file."""
    return _page(request)


@require_POST
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@for_a_search
def export(request: Request, query: Query) -> HttpResponse:
    """Have the entries that a search finds written as a file."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        return _page(request, problem="Choose a format.", status=422)
    return _asked_for(request, query, form.cleaned_data["format"])


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@for_a_search
def sample(request: Request, query: Query) -> HttpResponse:
    """Say how a sample is drawn from what a search finds, and have one drawn."""
    form = SampleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _asked_for(request, query, "pack", form.sample())
    count, is_capped = search.find(query).count()
    context = {
        "form": form,
        "query": query,
        "count": count,
        "is_capped": is_capped,
        "address": address(query),
        "most": sampling.MOST,
        "broken": log_status.alarm(),
    }
    return render(request, "assignments/sample.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
def export_file(request: Request, pk: int) -> HttpResponse | FileResponse:
    """Hand out the file of an export to whoever asked for it, and to nobody else."""
    found = get_object_or_404(exports_of(owner_pk=request.user.pk), pk=pk)
    try:
        file = download.opened(export=found, by=acting(request), now=timezone.now())
    except download.FileGone as problem:
        return _page(request, problem=str(problem), status=410)
    kind = "sample" if found.seed else "log"
    name = f"audit-{kind}-{found.requested_at:%Y%m%d-%H%M%S}.{ending(found)}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=TYPES[found.format])


@require_GET
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@for_a_search
def audit_print(request: Request, query: Query) -> HttpResponse:
    """Show what a search finds on one page for paper; that is an export and an entry itself."""
    found, now = search.find(query), timezone.now()
    lines = found.newest(limit=MOST_PRINTED)
    count, is_capped = found.count()
    formats.record_export(
        query=query, form="print", entries=len(lines), by=acting(request), now=now
    )
    seal = sealing.newest_seal()
    context = {
        "lines": lines,
        "query": query,
        "count": count,
        "is_capped": is_capped,
        "size": log_status.entries_left(),
        "seal": seal,
        "said": sealing.checkpoint_of(seal) if seal else None,
        "now": now,
        "address": address(query),
        "broken": log_status.alarm(),
    }
    return render(request, "assignments/print.html", context)


def _asked_for(
    request: Request, query: Query, form: formats.Format, sample: Sample | None = None
) -> HttpResponse:
    try:
        export_request.request(
            query=query,
            format=form,
            owner_pk=request.user.pk,
            by=acting(request),
            now=timezone.now(),
            sample=sample,
        )
    except export_request.ExportRefused as refusal:
        return _page(request, problem=str(refusal), status=409)
    except NotSealed as refusal:
        return render(request, "assignments/not_sealed.html", {"refusal": refusal}, status=409)
    return redirect("exports")


def _page(request: Request, *, problem: str = "", status: int = 200) -> HttpResponse:
    found: list[Any] = list(exports_of(owner_pk=request.user.pk)[:SHOWN])
    is_going = any(one.is_open for one in found)
    context = {
        "exports": found,
        "problem": problem,
        "is_going": is_going,
        "is_worker_missing": is_going and not is_worker_seen(now=timezone.now()),
        "most": export_request.MOST_OPEN,
        "hours": settings.EXPORT_HOURS,
        "broken": log_status.alarm(),
    }
    return render(request, "assignments/exports.html", context, status=status)
