"""New assignment: making a draft, its page, its terms, and going on to the review."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from assignments.forms.assign import ContentForm, ItemDueDatesForm, TermsForm, TicksForm
from assignments.queries import drafts as draft_queries
from assignments.services.picking import drafts
from assignments.services.planning import due_dates, frozen_plan
from assignments.views.concurrent_edits import overwritten
from assignments.views.draft_page import DraftPage, Problems, own_draft
from assignments.views.permitted_objects import own_accounts, own_drafts
from assignments.views.request_context import Request, wants_fragment

may_assign = permission_required("assignments.assign", raise_exception=True)


@require_POST
@may_assign
def assign_new(request: Request) -> HttpResponse:
    """Make a draft, with a person or an item picked if the form names one that can be."""
    now = timezone.now()
    account = next(iter(own_accounts(request)), None)
    if account is None:
        raise PermissionDenied
    draft = drafts.create(account=account, owner_pk=request.user.pk, now=now)
    drafts.pick_learners(
        draft=draft, learner_pks=TicksForm(request.POST).terms()["learner"], now=now
    )
    wanted = ContentForm(request.POST)
    if wanted.is_valid() and wanted.cleaned_data["add"]:
        with suppress(drafts.DraftRefused):
            drafts.add_content(draft=draft, content_pk=wanted.cleaned_data["add"], now=now)
    return redirect("assign", draft.pk)


@require_http_methods(["GET", "POST"])
@may_assign
@vary_on_headers("HX-Request", "HX-Target")
def assign(request: Request, pk: UUID) -> HttpResponse:
    """Show the draft, or keep what was filled in and freeze the plan."""
    draft = get_object_or_404(own_drafts(request), pk=pk)
    batch = draft_queries.submitted_batch(draft.pk) if draft.is_submitted else None
    if batch is not None:
        return redirect("batch", batch)
    if request.method == "POST":
        return _review(request, draft)
    return _shown(request, DraftPage(request, draft))


@require_POST
@may_assign
def assign_terms(request: Request, pk: UUID) -> HttpResponse:
    """Keep the due date and status as they are now."""
    draft = own_draft(request, pk)
    form = _terms(request)
    problems = _problems(request, draft, form)
    if not problems:
        drafts.set_terms(draft=draft, **form.cleaned_data, now=timezone.now())
    page = DraftPage(request, draft, terms=form, problems=problems)
    if wants_fragment(request):
        return page.parts("terms", "summary", "summary_bar", "steps")
    return page.whole(status=422) if problems else redirect("assign", pk)


@require_POST
@may_assign
def assign_discard(request: Request, pk: UUID) -> HttpResponse:
    """Put the draft aside; its list offers to take it up again."""
    drafts.discard(draft=own_draft(request, pk), now=timezone.now())
    return redirect(f"{reverse('batches')}?tab=drafts")


@require_POST
@may_assign
def assign_recover(request: Request, pk: UUID) -> HttpResponse:
    """Take a draft that was discarded up again."""
    mine = draft_queries.discarded_drafts(owner_pk=request.user.pk)
    drafts.restore(draft=get_object_or_404(mine, pk=pk), now=timezone.now())
    return redirect("assign", pk)


def save_ticks(request: Request, draft: Any) -> Problems:
    """Make the selection of the rows that are shown what the ticks say; return what was refused."""
    try:
        drafts.set_ticks(draft=draft, **TicksForm(request.POST).terms(), now=timezone.now())
    except drafts.DraftRefused as refusal:
        return (("people", str(refusal)),)
    return ()


def _shown(request: Request, page: DraftPage) -> HttpResponse:
    if not wants_fragment(request):
        return page.whole()
    if "find" in request.GET:
        return page.parts("options")
    answer = page.parts("people", "audiences")
    # Fields that were left empty need not stand in the address.
    answer["HX-Push-Url"] = f"{request.path}{page.table.query_here}"
    return answer


def save_item_due_dates(request: Request, draft: Any) -> Problems:
    """Keep the due dates of single items; return what was refused."""
    now = timezone.now()
    form = ItemDueDatesForm(request.POST, today=due_dates.today(now))
    if form.fields:
        drafts.set_item_due_dates(draft=draft, due_dates=form.due_dates(), now=now)
    return tuple(("content", str(errors[0])) for errors in form.errors.values())


def _review(request: Request, draft: Any) -> HttpResponse:
    form, now = _terms(request), timezone.now()
    problems = (*save_ticks(request, draft), *_problems(request, draft, form))
    if not problems:
        drafts.set_terms(draft=draft, **form.cleaned_data, now=now)
        save_item_due_dates(request, draft)
        try:
            frozen_plan.freeze(draft=draft, now=now)
        except frozen_plan.PlanRefused as refusal:
            problems = refusal.problems
        else:
            return redirect("review", draft.pk)
    return DraftPage(request, draft, terms=form, problems=problems).whole(status=422)


def _terms(request: Request) -> TermsForm:
    data, asked = request.POST.copy(), request.POST
    if asked.get("due_in") or asked.get("due_words", "").strip():
        data["due_date"] = asked.get("due_in") or asked["due_words"]
    if "no_date" in asked:
        data["due_date"] = ""
    return TermsForm(data, today=due_dates.today(timezone.now()))


def _problems(request: Request, draft: Any, form: TermsForm) -> Problems:
    if form.is_valid():
        said = overwritten(request, draft, form)
        return (("terms", said),) if said else ()
    return tuple((name, str(errors[0])) for name, errors in form.errors.items())
