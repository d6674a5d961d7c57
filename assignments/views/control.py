"""What a person does to a batch or one of its rows; what is refused is said on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.forms.control import ActForm
from assignments.queries import batches, failures
from assignments.services.batches import control, row_decisions
from assignments.services.picking.batch_copy import copy_to_draft
from assignments.services.submitting import approval
from assignments.views.batch_page import refused
from assignments.views.permitted_objects import own_batches
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    pass

WHOLE: Final = {
    "undo": control.undo,
    "withdraw": approval.withdraw,
    "hold": control.hold,
    "pause": control.pause,
    "resume": control.resume,
    "stop": control.stop,
}
ROWS: Final = {
    "retry": row_decisions.retry,
    "accept": row_decisions.accept,
    "leave": row_decisions.leave,
}
BACK_TO_DRAFT: Final = {"undo", "withdraw"}
may_assign = permission_required("assignments.assign", raise_exception=True)


@require_POST
@may_assign
def batch_action(request: Request, pk: int, action: str) -> HttpResponse:
    """Do one thing to a batch, or to all of its rows that failed with one answer."""
    found = get_object_or_404(own_batches(request), pk=pk)
    if action not in {"start", *WHOLE, *ROWS}:
        raise Http404
    draft, form = found.submission_key, ActForm(request.POST)
    if not form.is_valid():
        return refused(request, pk, " ".join(str(e[0]) for e in form.errors.values()))
    try:
        _act(request, found, action, form.cleaned_data)
    except control.ControlRefused as refusal:
        return refused(request, pk, str(refusal))
    is_mine = found.by_id == request.user.pk
    return (
        redirect("assign", draft) if action in BACK_TO_DRAFT and is_mine else redirect("batch", pk)
    )


@require_POST
@may_assign
def row_action(request: Request, pk: int, row: int, action: str) -> HttpResponse:
    """Decide about one row that failed."""
    get_object_or_404(own_batches(request), pk=pk)
    found = get_object_or_404(batches.row_of(pk, row))
    if action not in ROWS:
        raise Http404
    one = failures.only(row)
    try:
        ROWS[action](batch=found.batch, by=acting(request), now=timezone.now(), among=one)
    except control.ControlRefused as refusal:
        return refused(request, pk, str(refusal))
    return redirect("batch", pk)


@require_POST
@may_assign
def batch_copy(request: Request, pk: int) -> HttpResponse:
    """Make a new draft with the batch's people and items, or with those that failed alike."""
    found = get_object_or_404(own_batches(request), pk=pk)
    form = ActForm(request.POST)
    draft = copy_to_draft(
        batch=found,
        owner_pk=request.user.pk,
        now=timezone.now(),
        rows=_among(form.cleaned_data) if form.is_valid() else Q(),
    )
    return redirect("assign", draft.pk)


def _act(request: Request, batch: Any, action: str, asked: dict[str, Any]) -> None:
    who = {"batch": batch, "by": acting(request), "now": timezone.now()}
    if action in ROWS:
        ROWS[action](**who, why=asked["why"], among=_among(asked))
    elif action == "start":
        control.start_now(**who)
    else:
        WHOLE[action](**who, why=asked["why"])


def _among(asked: dict[str, Any]) -> Q:
    return failures.alike(asked["status"], asked["problem"]) if asked["is_group"] else Q()
