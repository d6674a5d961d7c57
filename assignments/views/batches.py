"""Batches: the list, one batch, and what can be done to it."""

from typing import Any, Final
from urllib.parse import quote

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from assignments.queries import batches, drafts
from assignments.queries.frame import is_worker_seen
from assignments.services import control
from assignments.views.asked import asked_words
from assignments.views.person import acting, wants_fragment

PER_PAGE: Final = 25
ROWS_PER_PAGE: Final = 50
AT_REST: Final = {"held", "paused", "done", "stopped", "cancelled"}
ACTIONS: Final = {
    "undo": control.undo,
    "hold": control.hold,
    "start": control.start_now,
    "pause": control.pause,
    "resume": control.resume,
    "stop": control.stop,
    "retry": control.retry_failed,
}


@require_GET
@permission_required("assignments.view_batch", raise_exception=True)
@vary_on_headers("HX-Request")
def batch_list(request: HttpRequest) -> HttpResponse:
    """Show the batches of one tab, and the person's drafts on theirs."""
    words, tab = asked_words(request), request.GET.get("tab", "all")
    found = batches.submitted(words=words)
    mine = drafts.open_drafts(owner_pk=request.user.pk or 0)
    counts = batches.tab_counts(found)
    shown = found.filter(batches.LIST_TABS.get(tab, batches.LIST_TABS["all"])[1])
    paginator = Paginator(shown, PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "tabs": [(name, label, counts[name]) for name, (label, _) in batches.LIST_TABS.items()],
        "tab": tab,
        "words": words,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "drafts": list(mine[:PER_PAGE]) if request.user.has_perm("assignments.assign") else [],
        "base": f"?tab={tab}&q={quote(words)}&page=",
        "is_live": any(one.state in {"waiting", "running"} for one in page.object_list),
    }
    template = "assignments/batches.html"
    return render(request, template + "#list" if wants_fragment(request) else template, context)


@require_GET
@never_cache
@permission_required("assignments.view_batch", raise_exception=True)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one batch: how it stands, what failed and why, and its rows."""
    return render(request, "assignments/batch.html", _context(request, pk))


@require_GET
@never_cache
@permission_required("assignments.view_batch", raise_exception=True)
def batch_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer with the live part, or with nothing if it has not changed since."""
    context = _context(request, pk)
    # A count-down always changes; everything else only when its token does.
    if request.GET.get("seen") == context["token"] and context["batch"].state != "waiting":
        return HttpResponse(status=204)
    name, live, tabs = (
        render_to_string(
            f"assignments/batch.html#{part}", {**context, "oob": part != "live"}, request
        )
        for part in ("name", "live", "tabs")
    )
    # htmx takes the title of an answer over as the page's.
    response = HttpResponse(f"<title>{name} – Assignment Desk</title>{live}{tabs}")
    if not context["is_live"]:
        # At rest: once more the whole page, so that its list shows how everybody ended.
        response["HX-Refresh"] = "true"
    return response


@require_POST
@permission_required("assignments.assign", raise_exception=True)
def batch_action(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Do one thing to a batch; what is refused is said on its page."""
    found = get_object_or_404(batches.submitted_batches(), pk=pk)
    draft, act = found.submission_key, ACTIONS.get(action)
    if act is None:
        raise Http404
    try:
        act(batch=found, by=acting(request), now=timezone.now())
    except control.ControlRefused as refusal:
        context = {**_context(request, pk), "refusal": str(refusal)}
        return render(request, "assignments/batch.html", context, status=409)
    return redirect("assign", draft) if action == "undo" else redirect("batch", pk)


@require_POST
@permission_required("assignments.assign", raise_exception=True)
def retry_row(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    """Send one failed row again."""
    found = get_object_or_404(batches.row_of(pk, row))
    try:
        control.retry_one(assignment=found, by=acting(request), now=timezone.now())
    except control.ControlRefused as refusal:
        context = {**_context(request, pk), "refusal": str(refusal)}
        return render(request, "assignments/batch.html", context, status=409)
    return redirect("batch", pk)


def _context(request: HttpRequest, pk: int) -> dict[str, Any]:
    now = timezone.now()
    found = get_object_or_404(batches.submitted_batches(), pk=pk)
    progress = batches.progress(found, now=now)
    words, tab = asked_words(request), request.GET.get("tab", "all")
    paginator = Paginator(batches.rows(found, tab=tab, words=words), ROWS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    starts_in = (found.starts_at - now).total_seconds() if found.starts_at else 0
    has_worker, is_sending = is_worker_seen(now=now), found.account.paused_at is None
    return {
        "batch": found,
        "progress": progress,
        "token": f"{found.state}-{progress.token}-{has_worker:d}{is_sending:d}",
        "is_live": found.state in {"waiting", "running"} or progress.moving > progress.waiting,
        "is_at_rest": found.state in AT_REST,
        "starts_in": max(0, round(starts_in)),
        "reasons": batches.reasons(found) if progress.failed or progress.unknown else [],
        "has_worker": has_worker,
        "tabs": _tabs(progress),
        "tab": tab,
        "words": words,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?tab={tab}&q={quote(words)}&page=",
    }


def _tabs(progress: batches.Progress) -> list[tuple[str, str, int | None]]:
    numbers = {"all": progress.total}
    tabs = [
        (name, label, numbers.get(name, getattr(progress, name, None)))
        for name, (label, _) in batches.TABS.items()
    ]
    return [tabs[0], ("latest", "Latest", None), *tabs[1:]]
