"""Exports of the log: files and samples that a worker writes, and a page to print."""

from typing import Final

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
from assignments.queries.connection_status import has_running_worker
from assignments.queries.exports import exports_of
from assignments.services.exporting import download, export_request
from assignments.services.exporting.audit_events import file_extension
from assignments.services.exporting.dossiers import Sample
from assignments.views.log_query_url import query_url, with_query
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
    """List the person's own exports, with the progress and file of each."""
    return _page(request)


@require_POST
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@with_query
def export(request: Request, query: Query) -> HttpResponse:
    """Request a file of the entries that match a query; a worker writes it."""
    form = ExportForm(request.POST)
    if not form.is_valid():
        return _page(request, problem="Choose a format.", status=422)
    return _request_export(request, query, form.cleaned_data["format"])


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@with_query
def sample(request: Request, query: Query) -> HttpResponse:
    """Show how a sample of the matching entries is drawn; a POST requests one."""
    form = SampleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _request_export(request, query, "pack", form.sample())
    count, is_capped = search.find(query).count()
    context = {
        "form": form,
        "query": query,
        "count": count,
        "is_capped": is_capped,
        "address": query_url(query),
        "most": sampling.MAX_SIZE,
        "broken": log_status.broken_verification(now=timezone.now()),
    }
    return render(request, "assignments/sample.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
def export_file(request: Request, pk: int) -> HttpResponse | FileResponse:
    """Return the file of an export, only to the person who requested it."""
    export = get_object_or_404(exports_of(owner_pk=request.user.pk), pk=pk)
    try:
        file = download.open_download(export=export, by=acting(request), now=timezone.now())
    except download.FileGone as problem:
        return _page(request, problem=str(problem), status=410)
    kind = "sample" if export.seed else "log"
    name = f"audit-{kind}-{export.requested_at:%Y%m%d-%H%M%S}.{file_extension(export)}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=TYPES[export.format])


@require_GET
@never_cache
@permission_required("assignments.export_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@with_query
def audit_print(request: Request, query: Query) -> HttpResponse:
    """Show matching entries on one page for printing; this is recorded in the log as an export."""
    matches, now = search.find(query), timezone.now()
    lines = matches.fetch_newest(limit=MOST_PRINTED)
    count, is_capped = matches.count()
    formats.record_export(
        query=query, format="print", entries=len(lines), by=acting(request), now=now
    )
    seal = sealing.newest_seal()
    context = {
        "lines": lines,
        "has_altered_name": any(line.has_altered_name for line in lines),
        "query": query,
        "count": count,
        "is_capped": is_capped,
        "size": log_status.count_entries(),
        "seal": seal,
        "checkpoint": sealing.checkpoint_of(seal) if seal else None,
        "now": now,
        "address": query_url(query),
        "broken": log_status.broken_verification(now=timezone.now()),
    }
    return render(request, "assignments/print.html", context)


def _request_export(
    request: Request, query: Query, form: formats.Format, sample: Sample | None = None
) -> HttpResponse:
    try:
        export_request.request_export(
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
    newest = list(exports_of(owner_pk=request.user.pk)[:SHOWN])
    is_pending = any(export.is_open for export in newest)
    context = {
        "exports": newest,
        "problem": problem,
        "is_pending": is_pending,
        "is_worker_missing": is_pending and not has_running_worker(now=timezone.now()),
        "most": export_request.MAX_OPEN,
        "hours": settings.EXPORT_HOURS,
        "broken": log_status.broken_verification(now=timezone.now()),
    }
    return render(request, "assignments/exports.html", context, status=status)
