"""Batches: the list, and one batch with its live part."""

from collections.abc import Iterable
from typing import Any, Final
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
from assignments.views.batch_page import live_of, page_of
from assignments.views.permitted_objects import seen
from assignments.views.query_params import asked_words
from assignments.views.request_context import Request, wants_fragment

PER_PAGE: Final = 25


@require_GET
@permission_required("assignments.view_batch", raise_exception=True)
@vary_on_headers("HX-Request")
def batch_list(request: Request) -> HttpResponse:
    """Show the batches of one tab, and the person's drafts on theirs."""
    words, tab = asked_words(request), request.GET.get("tab", "all")
    mine = _drafts(request, tab) if request.user.has_perm("assignments.assign") else {}
    list_tabs = batches.list_tabs(request.user)
    tab = tab if tab in list_tabs or mine else "all"
    found = seen(request, batches.submitted(words=words))
    counts = batches.tab_counts(found, list_tabs)
    shown = found.filter(list_tabs.get(tab, list_tabs["all"])[1])
    paginator = Paginator(shown, PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    tabs = [(name, label, counts[name]) for name, (label, _) in list_tabs.items()]
    if mine:
        tabs.insert(-1, ("drafts", "Drafts", mine["draft_count"]))
    context = {
        "awaiting": _awaiting(request, page.object_list),
        "tabs": tabs,
        "tab": tab,
        **mine,
        "words": words,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?tab={tab}&q={quote(words)}&page=",
        "is_live": any(one.state in {"waiting", "running"} for one in page.object_list),
    }
    template = "assignments/batches.html"
    return render(request, template + "#list" if wants_fragment(request) else template, context)


def _awaiting(request: Request, shown: Iterable[Any]) -> set[int]:
    """Return which of the batches wait for this person's decision."""
    pks = [batch.pk for batch in shown if batch.state == "approval"]
    found = approvals.awaiting(request.user).filter(pk__in=pks)
    return set(found.values_list("pk", flat=True)) if pks else set()


def _drafts(request: Request, tab: str) -> dict[str, Any]:
    owner_pk = request.user.pk
    mine = drafts.open_drafts(owner_pk=owner_pk)
    if tab != "drafts":
        return {"draft_count": mine.count()}
    shown, discarded = list(mine), list(drafts.discarded_drafts(owner_pk=owner_pk))
    return {"drafts": shown, "draft_count": len(shown), "discarded": discarded}


@require_GET
@never_cache
@permission_required("assignments.view_batch", raise_exception=True)
def batch(request: Request, pk: int) -> HttpResponse:
    """Show one batch: how it stands, what failed and why, and its rows."""
    return render(request, "assignments/batch.html", page_of(request, pk))


@require_GET
@never_cache
@permission_required("assignments.view_batch", raise_exception=True)
def batch_progress(request: Request, pk: int) -> HttpResponse:
    """Answer with the live part, or with nothing if it has not changed since."""
    context = live_of(request, pk)
    # A count-down always changes; everything else only when its token does.
    is_counting = context["batch"].state == "waiting" and not context["is_scheduled"]
    if request.GET.get("seen") == context["token"] and not is_counting:
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
