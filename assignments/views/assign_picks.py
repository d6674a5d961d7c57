"""Picking content and people in a draft, one small request at a time."""

from typing import Any
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


@require_POST
@may_assign
def assign_content(request: Request, pk: UUID) -> HttpResponse:
    """Add or remove one item; what cannot be assigned is refused with the reason."""
    draft, form, now = own_draft(request, pk), ContentForm(request.POST), timezone.now()
    problems: Problems = ()
    if form.is_valid() and form.cleaned_data["remove"]:
        drafts.remove_content(draft=draft, content_pk=form.cleaned_data["remove"], now=now)
    elif form.is_valid() and form.cleaned_data["add"]:
        try:
            drafts.add_content(draft=draft, content_pk=form.cleaned_data["add"], now=now)
        except drafts.DraftRefused as refusal:
            problems = (("content", str(refusal)),)
    return answer(
        request, draft, problems, "what", "people", "audiences", "summary", "summary_bar", "steps"
    )


@require_POST
@may_assign
def assign_item_dues(request: Request, pk: UUID) -> HttpResponse:
    """Keep the due dates that single items have of their own."""
    draft = own_draft(request, pk)
    return answer(
        request, draft, save_item_due_dates(request, draft), "what", "summary", "summary_bar"
    )


@require_POST
@may_assign
def assign_pick(request: Request, pk: UUID) -> HttpResponse:
    """Make the selection of the rows that are shown what the ticks say."""
    draft = own_draft(request, pk)
    problems = save_ticks(request, draft)
    return answer(request, draft, problems, "selection_bar", "summary", "summary_bar", "steps")


@require_POST
@may_assign
def assign_pick_all(request: Request, pk: UUID) -> HttpResponse:
    """Pick everybody whom the search finds."""
    draft = own_draft(request, pk)
    problems: Problems = ()
    try:
        people = DraftPage(request, draft).table.matching
        drafts.pick_matching(draft=draft, people=people, now=timezone.now())
    except drafts.DraftRefused as refusal:
        problems = (("people", str(refusal)),)
    return answer(request, draft, problems, "people", "summary", "summary_bar", "steps")


@require_POST
@may_assign
def assign_clear(request: Request, pk: UUID) -> HttpResponse:
    """Drop everybody."""
    draft = own_draft(request, pk)
    drafts.clear_learners(draft=draft, now=timezone.now())
    return answer(request, draft, (), "people", "summary", "summary_bar", "steps")


def answer(
    request: Request,
    draft: Any,
    problems: Problems,
    *parts: str,
    said: str = "",
) -> HttpResponse:
    """Answer with the parts that changed, or without htmx with the page.

    :param said: what was done, if the parts do not show it by themselves
    """
    page = DraftPage(request, draft, problems=problems)
    page.said = said
    if wants_fragment(request):
        return page.parts(*parts)
    if problems:
        return page.whole(status=422)
    return redirect(f"{request.path.rsplit('/', 1)[0]}/{page.table.query_here}")
