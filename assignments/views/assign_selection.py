"""Bulk changes of a draft's selection: audiences and exclusions, each confirmed by a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.forms.audiences import AudienceForm, AudienceNameForm, HoldersForm, PutBackForm
from assignments.queries import audiences as audience_queries
from assignments.services.picking import audiences, bulk_selection
from assignments.services.picking.drafts import DraftRefused
from assignments.views.assign import may_assign, store_terms
from assignments.views.assign_picks import respond
from assignments.views.draft_page import DraftPage, own_draft
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Audience, Draft, SelectionChange

# A function of `bulk_selection` that adds or leaves out an audience's people.
type ChangeSelection = Callable[..., SelectionChange]

PARTS = ("people", "message", "summary", "summary_bar", "steps")
FILTER_GONE = (
    "“{}” filters by a field that is no longer offered here. Save it again with the current "
    "filters."
)


@require_POST
@may_assign
def assign_audience(request: Request, pk: UUID) -> HttpResponse:
    """Add an audience's people to the selection, or leave them out of it."""
    draft, form = own_draft(request, pk), AudienceForm(request.POST)
    form.is_valid()
    added, left_out = (form.cleaned_data.get(name) for name in ("add", "leave_out"))
    of_account = audience_queries.audiences(account_pk=draft.account_id)
    audience = of_account.filter(pk=added or left_out or 0).first()
    if audience is None:
        gone = bulk_selection.AUDIENCE_DELETED
        return respond(request, draft, (("audiences", gone),), *PARTS, "audiences")
    change_selection = bulk_selection.add_audience if added else bulk_selection.exclude_audience
    fills_in = bool(added and audience.default_terms)
    try:
        if fills_in:
            _store_typed_terms(request, draft)
        change = apply_audience(request, draft, audience, change_selection)
    except DraftRefused as refusal:
        return respond(request, draft, (("audiences", str(refusal)),), *PARTS)
    terms = ("terms",) if fills_in else ()
    return respond(request, draft, (), *PARTS, *terms, message=change.sentence)


@require_POST
@may_assign
def assign_exclude(request: Request, pk: UUID) -> HttpResponse:
    """Leave out the people who have, or have completed, the picked content."""
    draft, form = own_draft(request, pk), HoldersForm(request.POST)
    completed = form.is_valid() and form.cleaned_data["completed"]
    try:
        change = bulk_selection.exclude_holders(
            draft=draft, completed=completed, now=timezone.now()
        )
    except DraftRefused as refusal:
        return respond(request, draft, (("audiences", str(refusal)),), *PARTS)
    return respond(request, draft, (), *PARTS, message=change.sentence)


@require_POST
@may_assign
def assign_put_back(request: Request, pk: UUID) -> HttpResponse:
    """Select the people again that one bulk change left out."""
    draft, form = own_draft(request, pk), PutBackForm(request.POST)
    if not form.is_valid():
        return respond(request, draft, (), *PARTS)
    try:
        bulk_selection.put_back(
            draft=draft, change_pk=form.cleaned_data["change"], now=timezone.now()
        )
    except DraftRefused as refusal:
        return respond(request, draft, (("audiences", str(refusal)),), *PARTS)
    return respond(request, draft, (), *PARTS, message="They are selected again.")


@require_POST
@may_assign
def assign_save_audience(request: Request, pk: UUID) -> HttpResponse:
    """Save the draft's selection, or the filter of the people table, as an audience."""
    draft, form = own_draft(request, pk), AudienceNameForm(request.POST)
    parts = ("audiences", "message")
    if not form.is_valid():
        problem = str(next(iter(form.errors.values()))[0])
        return respond(request, draft, (("audiences", problem),), *parts)
    keeps_fields = form.cleaned_data.pop("keeps_fields")
    try:
        audience = _save(request, draft, **form.cleaned_data)
    except audiences.AudienceRefused as refusal:
        return respond(request, draft, (("audiences", str(refusal)),), *parts)
    if keeps_fields:
        by, now = acting(request), timezone.now()
        audiences.keep_fields(audience=audience, draft=draft, by=by, now=now)
    return respond(request, draft, (), *parts, message=f"Saved as the audience “{audience}”.")


def apply_audience(
    request: Request, draft: Draft, audience: Audience, change_selection: ChangeSelection
) -> SelectionChange:
    """Add the people that an audience has now to a draft's selection, or leave them out.

    :param change_selection: the function of `bulk_selection` that does it
    :raises DraftRefused: if the audience filters by a field that is gone, or if it refuses
    """
    matching = DraftPage(request, draft).matching_filter(audience.query)
    if matching is None:
        raise DraftRefused(FILTER_GONE.format(audience))
    by_pk, now = request.user.pk, timezone.now()
    return change_selection(draft=draft, audience=audience, matching=matching, by_pk=by_pk, now=now)


def _store_typed_terms(request: Request, draft: Draft) -> None:
    """Store the terms as they are on the page, so that an audience fills in none that is typed.

    :raises DraftRefused: if they cannot be stored
    """
    if problems := store_terms(request, draft) if "status" in request.POST else ():
        raise DraftRefused(f"The audience was not added. {problems[0][1]}")


def _save(request: Request, draft: Draft, name: str, query: str, keeps_filter: bool) -> Audience:
    by, by_pk, now = acting(request), request.user.pk, timezone.now()
    if not keeps_filter:
        return audiences.save_selection(draft=draft, name=name, by=by, by_pk=by_pk, now=now)
    table = DraftPage(request, draft).table_of(QueryDict(query))
    return audiences.save_filter(
        account=draft.account,
        name=name,
        query=table.filter,
        people=table.unpicked_matching.count(),
        by=by,
        by_pk=by_pk,
        now=now,
    )
