"""Verification of the log, of search results and of exported files; sealing the log."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments import tasks
from assignments.audit.seals.sealing import NotSealed, make_seal
from assignments.audit.search.query import Query
from assignments.audit.verification import (
    exported_file,
    jobs,
    log_status,
    recorded_checks,
    search_results,
)
from assignments.audit.verification.whole_log import verify_log
from assignments.queries import log
from assignments.views.log_query_url import query_url, with_query
from assignments.views.rate_limits import at_most
from assignments.views.request_context import Request, acting
from assignments.views.upload_limit import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from assignments.audit.entries.actors import Actor
    from assignments.audit.verification.standalone import FileVerdict

TOO_LARGE: Final = (
    f"The file is larger than {LIMIT // 1024**2} MB and was not verified here. Verify it with "
    "verify.py, which is in every evidence pack, or with manage.py audit verify --export FILE."
)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.verify_log", raise_exception=True)
@at_most("30/m", of="whole-log")
def verify(request: Request) -> HttpResponse:
    """Show past verifications and seals of the log; a POST verifies the log."""
    if request.method != "POST":
        return render(request, "assignments/verify.html", _context())
    by, now = acting(request), timezone.now()
    if jobs.is_log_short():
        run = verify_log(by=by, now=now)
    else:
        run = jobs.begin_verification(by=by, now=now)
        tasks.verify_log.enqueue(run.pk, by.request_id)
    return redirect("verification", run.pk)


@require_GET
@never_cache
@permission_required("assignments.verify_log", raise_exception=True)
@at_most("30/m", of="whole-log")
@with_query
def verify_search_results(request: Request, query: Query) -> HttpResponse:
    """Verify the entries that match a query; this is recorded in the log."""
    now = timezone.now()
    context = {
        "checked": search_results.verify_results(query, by=acting(request), now=now),
        "query": query,
        "most": search_results.MAX_ENTRIES,
        "now": now,
        "query_url": query_url(query),
        "broken": log_status.broken_verification(now=timezone.now()),
    }
    return render(request, "assignments/verify_search_results.html", context)


@require_GET
@never_cache
@permission_required("assignments.verify_log", raise_exception=True)
def verification(request: Request, pk: int) -> HttpResponse:
    """Show one verification: its progress or its verdict."""
    now = timezone.now()
    run = next(
        iter(recorded_checks.recorded_runs(log.verifications().filter(pk=pk), now=now)), None
    )
    if run is None:
        raise Http404
    broken = log_status.broken_verification(now=now)
    context = {"run": run, "broken": None if broken and broken.at == run.at else broken}
    return render(request, "assignments/verification.html", context)


@require_POST
@permission_required("assignments.verify_log", raise_exception=True)
@at_most("30/m", of="whole-log")
def seal(request: Request) -> HttpResponse:
    """Seal the log as it is now."""
    try:
        make_seal(reason="request", by=acting(request), now=timezone.now())
    except NotSealed as refusal:
        context = _context() | {"refusal": str(refusal)}
        return render(request, "assignments/verify.html", context, status=409)
    return redirect("verify")


@require_POST
@never_cache
@permission_required("assignments.verify_log", raise_exception=True)
@at_most("30/m", of="whole-log")
def verify_file(request: Request) -> HttpResponse:
    """Verify an exported file; it is not stored."""
    file, by, now = request.FILES.get("file"), acting(request), timezone.now()
    if getattr(request, "upload_was_too_large", False):
        verdict, name = exported_file.refuse_and_record(TOO_LARGE, by=by, now=now), "The file"
    elif isinstance(file, UploadedFile):
        verdict, name = _verify_upload(file.chunks(), by=by, now=now), file.name or "The file"
    else:
        context = _context() | {"no_file": "Choose an evidence pack or a JSON Lines export first."}
        return render(request, "assignments/verify.html", context, status=400)
    context = _context() | {"verdict": verdict, "name": name}
    return render(request, "assignments/verify.html", context)


def _verify_upload(chunks: Iterable[bytes], *, by: Actor, now: datetime) -> FileVerdict:
    with NamedTemporaryFile() as copy:
        for chunk in chunks:
            copy.write(chunk)
        copy.flush()
        return exported_file.verify_and_record(Path(copy.name), by=by, now=now)


def _context() -> dict[str, object]:
    return {
        "size": log_status.count_entries(),
        "runs": recorded_checks.recorded_runs(log.verifications()[:20], now=timezone.now()),
        "seals": list(log.seals()[:10]),
        "keys": log_status.published_keys(),
        "second_place": log_status.second_copy_folder(),
        "is_sandbox": settings.IS_SANDBOX,
        "broken": log_status.broken_verification(now=timezone.now()),
    }
