"""New assignment: create a draft, show it, store its terms, and freeze its plan for review."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from assignments.forms.assign import ItemDueDatesForm, NewDraftForm, TermsForm, TicksForm
from assignments.queries import drafts as draft_queries
from assignments.services.picking import drafts
from assignments.services.planning import due_dates, frozen_plan
from assignments.views.concurrent_edits import refuse_overwriting
from assignments.views.draft_page import DraftPage, Problems, own_draft
from assignments.views.facet_list import facet_list
from assignments.views.permitted_objects import own_accounts, own_drafts
from assignments.views.request_context import Request, wants_fragment

if TYPE_CHECKING:
    from assignments.models import Account, Draft

may_assign = permission_required("assignments.assign", raise_exception=True)


@require_POST
@may_assign
def assign_new(request: Request) -> HttpResponse:
    """Create a draft; a person or an item that the form names is picked if it can be assigned."""
    now = timezone.now()
    chosen = NewDraftForm(request.POST).values()
    account = _account_of_new_draft(request, chosen)
    draft = drafts.create(account=account, owner_pk=request.user.pk, now=now)
    drafts.pick_learners(draft=draft, learner_pks=chosen["learner"], now=now)
    if chosen["add"]:
        with suppress(drafts.DraftRefused):
            drafts.add_content(draft=draft, content_pk=chosen["add"], now=now)
    for empty in own_drafts(request).filter(pk=chosen["instead_of"]):
        drafts.delete_if_empty(draft=empty)
    return redirect("assign", draft.pk)


@require_http_methods(["GET", "POST"])
@may_assign
@vary_on_headers("HX-Request", "HX-Target")
def assign(request: Request, pk: UUID) -> HttpResponse:
    """Show the draft; a POST stores what was filled in and freezes the plan."""
    draft = get_object_or_404(own_drafts(request), pk=pk)
    batch = draft_queries.submitted_batch(draft.pk) if draft.is_submitted else None
    if batch is not None:
        return redirect("batch", batch)
    if request.method == "POST":
        return _review(request, draft)
    return _page(request, DraftPage(request, draft))


@require_POST
@may_assign
def assign_terms(request: Request, pk: UUID) -> HttpResponse:
    """Store the due date, the status and further terms."""
    draft = own_draft(request, pk)
    problems = store_terms(request, draft)
    page = DraftPage(request, draft, terms=_terms(request), problems=problems)
    if wants_fragment(request):
        return page.parts("terms", "summary", "summary_bar", "steps")
    return page.whole(status=422) if problems else redirect("assign", pk)


@require_POST
@may_assign
def assign_discard(request: Request, pk: UUID) -> HttpResponse:
    """Discard the draft; the list of drafts can recover it."""
    drafts.discard(draft=own_draft(request, pk), now=timezone.now())
    return redirect(f"{reverse('batches')}?tab=drafts")


@require_POST
@may_assign
def assign_recover(request: Request, pk: UUID) -> HttpResponse:
    """Recover a discarded draft."""
    discarded = draft_queries.discarded_drafts(owner_pk=request.user.pk)
    drafts.restore(draft=get_object_or_404(discarded, pk=pk), now=timezone.now())
    return redirect("assign", pk)


def _account_of_new_draft(request: Request, chosen: Mapping[str, Any]) -> Account:
    """Return the account that the form names, else that of the person or item, else the last one.

    :raises PermissionDenied: if the user may not assign there
    """
    accounts = {account.pk: account for account in own_accounts(request)}
    if not accounts:
        raise PermissionDenied
    named = draft_queries.account_of(**chosen)
    if named is not None:
        if named not in accounts:
            raise PermissionDenied
        return accounts[named]
    last = draft_queries.last_account(owner_pk=request.user.pk)
    return accounts[last] if last in accounts else next(iter(accounts.values()))


def store_terms(request: Request, draft: Draft) -> Problems:
    """Store the terms as they were sent, if all can be; return the problems."""
    form = _terms(request)
    problems = _problems(request, draft, form)
    if not problems:
        drafts.set_terms(draft=draft, **form.cleaned_data, now=timezone.now())
    return problems


def save_ticks(request: Request, draft: Draft) -> Problems:
    """Pick or drop the people of the shown rows as they are ticked; return the problems."""
    try:
        drafts.set_ticks(draft=draft, **TicksForm(request.POST).values(), now=timezone.now())
    except drafts.DraftRefused as refusal:
        return (("people", str(refusal)),)
    return ()


def _page(request: Request, page: DraftPage) -> HttpResponse:
    if not wants_fragment(request):
        return page.whole()
    if "find" in request.GET:
        return page.parts("options")
    if "open" in request.GET:
        return facet_list(request, page.table)
    response = page.parts("people", "audiences")
    # Without the parameters that are empty.
    response["HX-Push-Url"] = f"{request.path}{page.table.query_here}"
    return response


def save_item_due_dates(request: Request, draft: Draft) -> Problems:
    """Store the due dates of single items; return the problems."""
    now = timezone.now()
    form = ItemDueDatesForm(request.POST, today=due_dates.today(now))
    if form.fields:
        drafts.set_item_due_dates(draft=draft, due_dates=form.due_dates(), now=now)
    return tuple(("content", str(errors[0])) for errors in form.errors.values())


def _review(request: Request, draft: Draft) -> HttpResponse:
    form, now = _terms(request), timezone.now()
    problems = (*save_ticks(request, draft), *_problems(request, draft, form))
    if not problems:
        drafts.set_terms(draft=draft, **form.cleaned_data, now=now)
        save_item_due_dates(request, draft)
        try:
            # Later than every change of this request, so that the plan has them all.
            frozen_plan.freeze(draft=draft, now=timezone.now())
        except frozen_plan.PlanRefused as refusal:
            problems = refusal.problems
        else:
            return redirect("review", draft.pk)
    return DraftPage(request, draft, terms=form, problems=problems).whole(status=422)


def _terms(request: Request) -> TermsForm:
    fields, data = request.POST, request.POST.copy()
    if fields.get("due_in") or fields.get("due_words", "").strip():
        data["due_date"] = fields.get("due_in") or fields["due_words"]
    if "no_date" in fields:
        data["due_date"] = ""
    return TermsForm(data, today=due_dates.today(timezone.now()))


def _problems(request: Request, draft: Draft, form: TermsForm) -> Problems:
    if form.is_valid():
        refusal = refuse_overwriting(request, draft, form)
        return (("terms", refusal),) if refusal else ()
    return tuple((name, str(errors[0])) for name, errors in form.errors.items())
