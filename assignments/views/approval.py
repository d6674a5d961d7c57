"""Approval: another manager looks at a sealed plan, and approves or rejects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from assignments.forms.control import DecisionForm
from assignments.queries import drafts, formatting
from assignments.queries.approvals import approvers, is_submitter
from assignments.queries.plan_changes import Drift
from assignments.services.batches.control import ControlRefused
from assignments.services.submitting import approval
from assignments.services.submitting.grace_period import hold_seconds
from assignments.views.assign import may_assign
from assignments.views.batch_page import refused
from assignments.views.permitted_objects import own_batches
from assignments.views.query_params import search_words
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    pass

PER_PAGE: Final = 50
WAITS: Final = "approval"


@require_http_methods(["GET", "POST"])
@never_cache
@may_assign
def batch_approval(request: Request, pk: int) -> HttpResponse:
    """Show the plan that waits, with what changed since its review; a POST decides about it."""
    found = get_object_or_404(own_batches(request), pk=pk)
    if request.method == "GET":
        return _page(request, found) if found.state == WAITS else redirect("batch", pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _refused(request, pk, " ".join(str(e[0]) for e in form.errors.values()))
    try:
        _decide(request, found, form.cleaned_data)
    except ControlRefused as refusal:
        return _refused(request, pk, str(refusal))
    return redirect("batch", pk)


def _decide(request: Request, batch: Any, asked: dict[str, Any]) -> None:
    who = {"batch": batch, "by": acting(request), "now": timezone.now(), "why": asked["why"]}
    if asked["decision"] == "approve":
        approval.approve(**who, plan_digest=asked["plan_digest"])
    else:
        approval.reject(**who)


def _refused(request: Request, pk: int, refusal: str) -> HttpResponse:
    # As it is now: somebody else may have decided meanwhile.
    found = own_batches(request).get(pk=pk)
    if found.state != WAITS:
        return refused(request, pk, refusal)
    return _page(request, found, refusal=refusal)


def _page(request: Request, batch: Any, *, refusal: str = "") -> HttpResponse:
    sought, drift = search_words(request), Drift(batch.approval)
    paginator = Paginator(drafts.planned_rows(batch, words=sought), PER_PAGE)
    if not sought:
        paginator.count = batch.rows
    rows = paginator.get_page(request.GET.get("page"))
    to_send = drafts.to_send(batch)
    context = {
        "batch": batch,
        "approval": batch.approval,
        "refusal": refusal,
        "why": request.POST.get("why", ""),
        "drift": drift,
        "is_mine": is_submitter(request.user, batch),
        "approvers": SimpleLazyObject(lambda: approvers(batch)),
        "contents": drafts.planned_contents(batch),
        "due": formatting.due(batch.due_date),
        "to_send": to_send,
        "hold": hold_seconds(to_send),
        "expires": formatting.moment(batch.approval.expires_at),
        "start": formatting.moment(batch.starts_at) if batch.starts_at else "",
        "rows": rows,
        "sought": sought,
        "base": f"?q={quote(sought)}&page=",
        "pages": list(paginator.get_elided_page_range(rows.number, on_each_side=1)),
    }
    template = "assignments/approval.html"
    return render(request, template, context, status=409 if refusal else 200)
