"""Batches: the list, and the page of one batch with its live part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from assignments.queries import approvals, batches, drafts
from assignments.views.batch_page import LivePart, page_context
from assignments.views.permitted_objects import listed
from assignments.views.query_params import chosen_account, search_words
from assignments.views.request_context import Request, wants_fragment

if TYPE_CHECKING:
    from assignments.models import Batch, Draft

PER_PAGE: Final = 25


@require_GET
@permission_required("assignments.view_batch", raise_exception=True)
@vary_on_headers("HX-Request")
def batch_list(request: Request) -> HttpResponse:
    """List the batches of one tab; the tab of drafts lists the person's own drafts."""
    words, tab = search_words(request), request.GET.get("tab", "all")
    has_drafts = request.user.has_perm("assignments.assign")
    list_tabs = batches.list_tabs(request.user)
    tab = tab if tab in list_tabs or has_drafts else "all"
    submitted = listed(request, batches.submitted(words=words))
    counts = batches.tab_counts(submitted, list_tabs)
    paginator = Paginator(submitted.filter(list_tabs.get(tab, list_tabs["all"])[1]), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    tabs = [(name, label, counts[name]) for name, (label, _) in list_tabs.items()]
    draft_count, draft_rows = _drafts(request, tab) if has_drafts else (0, {})
    if has_drafts:
        tabs.insert(-1, ("drafts", "Drafts", draft_count))
    context = {
        "awaiting": _awaiting(request, page.object_list),
        "tabs": tabs,
        "tab": tab,
        **draft_rows,
        "words": words,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?tab={tab}&q={quote(words)}&account={chosen_account(request) or ''}&page=",
        "is_live": any(batch.state in {"waiting", "running"} for batch in page.object_list),
    }
    template = "assignments/batches.html"
    return render(request, template + "#list" if wants_fragment(request) else template, context)


def _awaiting(request: Request, shown: Iterable[Batch]) -> set[int]:
    """Return the ids of those batches that wait for this person's decision."""
    pks = [batch.pk for batch in shown if batch.state == "approval"]
    awaiting = approvals.batches_awaiting(request.user).filter(pk__in=pks)
    return set(awaiting.values_list("pk", flat=True)) if pks else set()


def _drafts(request: Request, tab: str) -> tuple[int, dict[str, list[Draft]]]:
    """Return how many drafts the person has and, for their tab, the drafts to list."""
    owned = drafts.open_drafts(owner_pk=request.user.pk)
    if tab != "drafts":
        return owned.count(), {}
    rows, discarded = list(owned), list(drafts.discarded_drafts(owner_pk=request.user.pk))
    return len(rows), {"drafts": rows, "discarded": discarded}


@require_GET
@never_cache
@permission_required("assignments.view_batch", raise_exception=True)
def batch(request: Request, number: int) -> HttpResponse:
    """Show one batch: its progress, what failed and why, and its rows."""
    return render(request, "assignments/batch.html", page_context(request, number))


@require_GET
@never_cache
@permission_required("assignments.view_batch", raise_exception=True)
def batch_progress(request: Request, number: int) -> HttpResponse:
    """Return the live part of a batch's page, or 204 if it has not changed since the last one."""
    live_part = LivePart(request, number)
    if request.GET.get("seen") == live_part.token and not live_part.is_counting_down:
        return HttpResponse(status=204)
    context = live_part.context()
    name, live, tabs = (
        render_to_string(
            f"assignments/batch.html#{part}", {**context, "oob": part != "live"}, request
        )
        for part in ("name", "live", "tabs")
    )
    # htmx sets the page's title from the title of a response.
    response = HttpResponse(f"<title>{name} – Assignment Desk</title>{live}{tabs}")
    if not live_part.is_live:
        # The last time: reload the whole page, so that its rows show their final states.
        response["HX-Refresh"] = "true"
    return response
