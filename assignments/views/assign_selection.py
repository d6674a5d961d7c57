"""Audiences and exclusions in a draft: acts on the selection, each told in a sentence."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.forms.audiences import AudienceForm, ChangeForm, HoldersForm, NameForm
from assignments.queries import audiences as audience_queries
from assignments.services.picking import audiences, bulk_selection
from assignments.services.picking.drafts import DraftRefused
from assignments.views.assign import may_assign
from assignments.views.assign_picks import answer
from assignments.views.draft_page import DraftPage, own_draft
from assignments.views.request_context import Request, acting

PARTS = ("people", "message", "summary", "summary_bar", "steps")
FILTER_GONE = (
    "“{}” filters by something that is not offered here any more. Save it anew with the filters "
    "that there are."
)


@require_POST
@may_assign
def assign_audience(request: Request, pk: UUID) -> HttpResponse:
    """Add an audience's people to the selection, or leave them out of it."""
    draft, form = own_draft(request, pk), AudienceForm(request.POST)
    form.is_valid()
    added, left_out = (form.cleaned_data.get(name) for name in ("add", "leave_out"))
    of_account = audience_queries.audiences(account_pk=draft.account_id)
    audience = get_object_or_404(of_account, pk=added or left_out)
    act = bulk_selection.add_audience if added else bulk_selection.exclude_audience
    try:
        change = bring(request, draft, audience, act)
    except DraftRefused as refusal:
        return answer(request, draft, (("audiences", str(refusal)),), *PARTS)
    return answer(request, draft, (), *PARTS, said=change.sentence)


@require_POST
@may_assign
def assign_leave_out(request: Request, pk: UUID) -> HttpResponse:
    """Take those who have, or have completed, the picked content out of the selection."""
    draft, form = own_draft(request, pk), HoldersForm(request.POST)
    completed = form.is_valid() and form.cleaned_data["completed"]
    try:
        change = bulk_selection.exclude_holders(
            draft=draft, completed=completed, now=timezone.now()
        )
    except DraftRefused as refusal:
        return answer(request, draft, (("audiences", str(refusal)),), *PARTS)
    return answer(request, draft, (), *PARTS, said=change.sentence)


@require_POST
@may_assign
def assign_put_back(request: Request, pk: UUID) -> HttpResponse:
    """Select again whom one act left out."""
    draft, form = own_draft(request, pk), ChangeForm(request.POST)
    if not form.is_valid():
        return answer(request, draft, (), *PARTS)
    try:
        bulk_selection.put_back(
            draft=draft, change_pk=form.cleaned_data["change"], now=timezone.now()
        )
    except DraftRefused as refusal:
        return answer(request, draft, (("audiences", str(refusal)),), *PARTS)
    return answer(request, draft, (), *PARTS, said="They are selected again.")


@require_POST
@may_assign
def assign_save_audience(request: Request, pk: UUID) -> HttpResponse:
    """Save the draft's selection, or the filter of the people table, as an audience."""
    draft, form = own_draft(request, pk), NameForm(request.POST)
    parts = ("audiences", "message")
    if not form.is_valid():
        said = str(next(iter(form.errors.values()))[0])
        return answer(request, draft, (("audiences", said),), *parts)
    try:
        audience = _save(request, draft, **form.cleaned_data)
    except audiences.AudienceRefused as refusal:
        return answer(request, draft, (("audiences", str(refusal)),), *parts)
    return answer(request, draft, (), *parts, said=f"Saved as the audience “{audience}”.")


def bring(request: Request, draft: Any, audience: Any, act: Any) -> Any:
    """Do something to a draft's selection with whom an audience stands for now.

    :raises DraftRefused: if that cannot be told any more, or by what is done
    """
    matching = DraftPage(request, draft).matching_kept(audience.query)
    if matching is None:
        raise DraftRefused(FILTER_GONE.format(audience))
    by_pk, now = request.user.pk, timezone.now()
    return act(draft=draft, audience=audience, matching=matching, by_pk=by_pk, now=now)


def _save(request: Request, draft: Any, name: str, query: str, keeps_filter: bool) -> Any:
    made: dict[str, Any] = {"name": name, "by": acting(request), "by_pk": request.user.pk}
    now = timezone.now()
    if not keeps_filter:
        return audiences.save_selection(draft=draft, **made, now=now)
    table = DraftPage(request, draft).table_of(QueryDict(query))
    people, account, kept = table.unpicked_matching.count(), draft.account, table.filter
    return audiences.save_filter(account=account, query=kept, people=people, **made, now=now)
