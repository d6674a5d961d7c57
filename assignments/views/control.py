"""Actions on a batch or one of its rows; a refusal is shown on the batch's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.forms.control import BatchActionForm
from assignments.queries import batches, failures
from assignments.services.batches import control, row_decisions
from assignments.services.picking.batch_copy import copy_to_draft
from assignments.services.submitting import approval
from assignments.views.batch_page import refused
from assignments.views.permitted_objects import own_batches
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Batch

BATCH_ACTIONS: Final = {
    "undo": control.undo,
    "withdraw": approval.withdraw,
    "hold": control.hold,
    "pause": control.pause,
    "resume": control.resume,
    "stop": control.stop,
}
ROW_ACTIONS: Final = {
    "retry": row_decisions.retry,
    "accept": row_decisions.accept_existing,
    "leave": row_decisions.close_unconfirmed,
}
BACK_TO_DRAFT: Final = {"undo", "withdraw"}
may_assign = permission_required("assignments.assign", raise_exception=True)


@require_POST
@may_assign
def batch_action(request: Request, number: int, action: str) -> HttpResponse:
    """Do one action to a batch, or to all of its rows that failed with the same response."""
    batch = get_object_or_404(own_batches(request), number=number)
    if action not in {"start", *BATCH_ACTIONS, *ROW_ACTIONS}:
        raise Http404
    form = BatchActionForm(request.POST)
    if not form.is_valid():
        return refused(request, number, " ".join(str(e[0]) for e in form.errors.values()))
    try:
        _act(request, batch, action, form)
    except control.ControlRefused as refusal:
        return refused(request, number, str(refusal))
    if action in BACK_TO_DRAFT and batch.by_id == request.user.pk:
        return redirect("assign", batch.submission_key)
    return redirect("batch", number)


@require_POST
@may_assign
def row_action(request: Request, number: int, row: int, action: str) -> HttpResponse:
    """Do one action to one row that failed."""
    get_object_or_404(own_batches(request), number=number)
    failed_row = get_object_or_404(batches.row_in_batch(number, row))
    if action not in ROW_ACTIONS:
        raise Http404
    batch, only = failed_row.batch, failures.single_row(row)
    try:
        ROW_ACTIONS[action](batch=batch, by=acting(request), now=timezone.now(), among=only)
    except control.ControlRefused as refusal:
        return refused(request, number, str(refusal))
    return redirect("batch", number)


@require_POST
@may_assign
def batch_copy(request: Request, number: int) -> HttpResponse:
    """Create a draft with the batch's people and items, or with those of one group of failures."""
    batch = get_object_or_404(own_batches(request), number=number)
    form = BatchActionForm(request.POST)
    draft = copy_to_draft(
        batch=batch,
        owner_pk=request.user.pk,
        now=timezone.now(),
        rows=_among(form) if form.is_valid() else Q(),
    )
    return redirect("assign", draft.pk)


def _act(request: Request, batch: Batch, action: str, form: BatchActionForm) -> None:
    by, now, why = acting(request), timezone.now(), form.cleaned_data["why"]
    if action in ROW_ACTIONS:
        ROW_ACTIONS[action](batch=batch, by=by, now=now, why=why, among=_among(form))
    elif action == "start":
        control.start_now(batch=batch, by=by, now=now)
    else:
        BATCH_ACTIONS[action](batch=batch, by=by, now=now, why=why)


def _among(form: BatchActionForm) -> Q:
    """Return the condition for the rows that the form means: one group of failures, or all."""
    fields = form.cleaned_data
    return failures.same_failure(fields["status"], fields["problem"]) if fields["is_group"] else Q()
