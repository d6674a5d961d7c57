"""Approval: another manager reviews a submitted plan and approves or rejects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
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
from assignments.queries.plan_changes import PlanChanges
from assignments.services.batches.control import ControlRefused
from assignments.services.submitting import approval
from assignments.services.submitting.grace_period import grace_seconds
from assignments.views.assign import may_assign
from assignments.views.batch_page import refused
from assignments.views.permitted_objects import own_batches
from assignments.views.query_params import search_words
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Batch

PER_PAGE: Final = 50
UNDECIDED: Final = "approval"


@require_http_methods(["GET", "POST"])
@never_cache
@may_assign
def batch_approval(request: Request, number: int) -> HttpResponse:
    """Show the plan, and what changed since it was submitted; a POST approves or rejects it."""
    batch = get_object_or_404(own_batches(request), number=number)
    if request.method == "GET":
        return _page(request, batch) if batch.state == UNDECIDED else redirect("batch", number)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _refused(request, number, " ".join(str(e[0]) for e in form.errors.values()))
    try:
        _decide(request, batch, form)
    except ControlRefused as refusal:
        return _refused(request, number, str(refusal))
    return redirect("batch", number)


def _decide(request: Request, batch: Batch, form: DecisionForm) -> None:
    by, now, why = acting(request), timezone.now(), form.cleaned_data["why"]
    if form.cleaned_data["decision"] == "approve":
        plan_digest = form.cleaned_data["plan_digest"]
        approval.approve(batch=batch, plan_digest=plan_digest, by=by, now=now, why=why)
    else:
        approval.reject(batch=batch, by=by, now=now, why=why)


def _refused(request: Request, number: int, refusal: str) -> HttpResponse:
    # Read again: somebody else may have decided in the meantime.
    batch = own_batches(request).get(number=number)
    if batch.state != UNDECIDED:
        return refused(request, number, refusal)
    return _page(request, batch, refusal=refusal)


def _page(request: Request, batch: Batch, *, refusal: str = "") -> HttpResponse:
    words, drift = search_words(request), PlanChanges(batch.approval)
    paginator = Paginator(drafts.planned_rows(batch, words=words), PER_PAGE)
    if not words:
        paginator.count = batch.rows
    rows = paginator.get_page(request.GET.get("page"))
    to_send = drafts.rows_to_send(batch)
    context = {
        "batch": batch,
        "approval": batch.approval,
        "refusal": refusal,
        "why": request.POST.get("why", ""),
        "drift": drift,
        "is_submitter": is_submitter(request.user, batch),
        "approvers": SimpleLazyObject(lambda: approvers(batch)),
        "contents": drafts.planned_contents(batch),
        "due": formatting.due(batch.due_date, batch.due_time),
        "to_send": to_send,
        "hold": grace_seconds(to_send),
        "expires": formatting.moment(batch.approval.expires_at),
        "start": formatting.moment(batch.starts_at) if batch.starts_at else "",
        "rows": rows,
        "words": words,
        "base": f"?q={quote(words)}&page=",
        "pages": list(paginator.get_elided_page_range(rows.number, on_each_side=1)),
    }
    template = "assignments/approval.html"
    return render(request, template, context, status=409 if refusal else 200)
