"""Pick content and people in a draft; each view handles one htmx request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from assignments.forms.assign import ContentForm
from assignments.services.picking import drafts
from assignments.views.assign import may_assign, save_item_due_dates, save_ticks
from assignments.views.draft_page import DraftPage, Problems, own_draft
from assignments.views.request_context import Request, wants_fragment

if TYPE_CHECKING:
    from assignments.models import Draft


@require_POST
@may_assign
def assign_content(request: Request, pk: UUID) -> HttpResponse:
    """Add or remove one item; say why if it cannot be assigned."""
    draft, form, now = own_draft(request, pk), ContentForm(request.POST), timezone.now()
    problems: Problems = ()
    if form.is_valid() and form.cleaned_data["remove"]:
        drafts.remove_content(draft=draft, content_pk=form.cleaned_data["remove"], now=now)
    elif form.is_valid() and form.cleaned_data["add"]:
        try:
            drafts.add_content(draft=draft, content_pk=form.cleaned_data["add"], now=now)
        except drafts.DraftRefused as refusal:
            problems = (("content", str(refusal)),)
    return respond(
        request, draft, problems, "what", "people", "audiences", "summary", "summary_bar", "steps"
    )


@require_POST
@may_assign
def assign_item_due_dates(request: Request, pk: UUID) -> HttpResponse:
    """Store the due dates of single items."""
    draft = own_draft(request, pk)
    return respond(
        request, draft, save_item_due_dates(request, draft), "what", "summary", "summary_bar"
    )


@require_POST
@may_assign
def assign_pick(request: Request, pk: UUID) -> HttpResponse:
    """Pick or drop the people of the shown rows as they are ticked."""
    draft = own_draft(request, pk)
    problems = save_ticks(request, draft)
    return respond(request, draft, problems, "selection_bar", "summary", "summary_bar", "steps")


@require_POST
@may_assign
def assign_pick_all(request: Request, pk: UUID) -> HttpResponse:
    """Pick everybody who matches the search."""
    draft = own_draft(request, pk)
    problems: Problems = ()
    try:
        people = DraftPage(request, draft).table.matching
        drafts.pick_matching(draft=draft, people=people, now=timezone.now())
    except drafts.DraftRefused as refusal:
        problems = (("people", str(refusal)),)
    return respond(request, draft, problems, "people", "summary", "summary_bar", "steps")


@require_POST
@may_assign
def assign_clear(request: Request, pk: UUID) -> HttpResponse:
    """Drop everybody from the selection."""
    draft = own_draft(request, pk)
    drafts.clear_learners(draft=draft, now=timezone.now())
    return respond(request, draft, (), "people", "summary", "summary_bar", "steps")


def respond(
    request: Request,
    draft: Draft,
    problems: Problems,
    *parts: str,
    message: str = "",
) -> HttpResponse:
    """Return the parts of the page that changed; without htmx, redirect to the page.

    :param message: the sentence that confirms what was done, if the parts do not show it
    """
    page = DraftPage(request, draft, problems=problems)
    page.message = message
    if wants_fragment(request):
        return page.parts(*parts)
    if problems:
        return page.whole(status=422)
    return redirect(f"{request.path.rsplit('/', 1)[0]}/{page.table.query_here}")
