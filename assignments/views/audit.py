"""The audit log: finding entries, one entry, verifying, exporting."""

from tempfile import TemporaryFile
from typing import Any, Final

from django.contrib.auth.decorators import permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments.audit import exports, reading, search, verify
from assignments.forms.audit import SearchForm, actions
from assignments.queries import log
from assignments.views.person import acting

PER_PAGE: Final = 50
TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
LABELS: Final = {
    "text": "Words",
    "by": "Done by",
    "action": "Action",
    "batch": "Batch",
    "subject": "About",
    "person": "Person",
    "since": "From",
    "until": "To",
}


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def audit(request: HttpRequest) -> HttpResponse:
    """Show the entries that fit, newest first; a search is an entry itself."""
    form = SearchForm(request.GET)
    wanted = form.search()
    before = request.GET.get("before", "")
    lines = search.found(
        wanted, before=int(before) if before.isdecimal() else None, limit=PER_PAGE + 1
    )
    count, is_capped = search.count(wanted)
    chips = _chips(request, form)
    if chips and not before:
        reading.record_search(search=wanted, found=count, by=acting(request), now=timezone.now())
    context = {
        "form": form,
        "lines": lines[:PER_PAGE],
        "older": _with(request, before=lines[PER_PAGE - 1].seq) if len(lines) > PER_PAGE else "",
        "newest": _with(request, before="") if before else "",
        "count": count,
        "is_capped": is_capped,
        "size": log.log_size(),
        "chips": chips,
        "query": request.GET.urlencode(),
        "verified": log.last_verification(),
    }
    return render(request, "assignments/audit.html", context)


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def entry(request: HttpRequest, seq: int) -> HttpResponse:
    """Show one entry with its verdict, what was recorded and how it was checked."""
    found = search.entry(seq)
    if found is None:
        raise Http404
    context = {
        "entry": found,
        "check": log.entry_check(seq),
        "facts": log.facts(found.body),
        "evidence": log.evidence(found.body),
        "verified": log.last_verification(),
        "neighbours": log.neighbours(seq, log.log_size()),
        "checked_at": timezone.now(),
    }
    reading.record_reading(seq=seq, by=acting(request), now=timezone.now())
    return render(request, "assignments/entry.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.verify_log", raise_exception=True)
def verify_page(request: HttpRequest) -> HttpResponse:
    """Show the checks of the whole log, and make a new one."""
    if request.method == "POST":
        verify.verify_log(by=acting(request), now=timezone.now())
        return redirect("verify")
    context = {"size": log.log_size(), "runs": list(log.verifications()[:20])}
    return render(request, "assignments/verify.html", context)


@require_POST
@permission_required("assignments.export_log", raise_exception=True)
def export(request: HttpRequest) -> FileResponse:
    """Hand out the entries that a search finds as a file."""
    form = SearchForm(request.POST)
    wanted, now = form.search(), timezone.now()
    kind: exports.Format = "jsonl" if request.POST.get("format") == "jsonl" else "csv"
    name = f"audit-log-{now:%Y%m%d-%H%M%S}.{kind}"
    # A file rather than memory: an export may be much larger than what a process should hold.
    out = TemporaryFile()  # noqa: SIM115  the response closes it
    exports.export_log(search=wanted, format=kind, by=acting(request), now=now, out=out)
    out.seek(0)
    return FileResponse(out, as_attachment=True, filename=name, content_type=TYPES[kind])


def _chips(request: HttpRequest, form: SearchForm) -> list[dict[str, Any]]:
    named = {**dict(log.actors()), **dict(actions())} if request.GET else {}
    used = {name: value for name, value in form.cleaned_data.items() if value}
    return [
        {
            "label": LABELS[name],
            "value": named.get(str(value), str(value)),
            "without": _with(request, **{name: "", "before": ""}),
        }
        for name, value in used.items()
    ]


def _with(request: HttpRequest, **changes: object) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value != "":
            query[name] = str(value)
    return f"?{query.urlencode()}"
