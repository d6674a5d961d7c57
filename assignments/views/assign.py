"""New assignment: making a draft, its page, its terms, and going on to the review."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from assignments.forms.assign import ContentForm, TermsForm, TicksForm
from assignments.queries import drafts as draft_queries
from assignments.services import connection, drafts, planning
from assignments.views.draft_page import DraftPage, Problems, days_from_now, own_draft
from assignments.views.person import wants_fragment

may_assign = permission_required("assignments.assign", raise_exception=True)


@require_POST
@may_assign
def assign_new(request: HttpRequest) -> HttpResponse:
    """Make a draft, with a person or an item picked if the form names one that can be."""
    now = timezone.now()
    draft = drafts.start(account=connection.accounts()[0], owner_pk=request.user.pk or 0, now=now)
    drafts.pick(draft=draft, learner_pks=TicksForm(request.POST).terms()["learner"], now=now)
    wanted = ContentForm(request.POST)
    if wanted.is_valid() and wanted.cleaned_data["add"]:
        with suppress(drafts.DraftRefused):
            drafts.add_content(draft=draft, content_pk=wanted.cleaned_data["add"], now=now)
    return redirect("assign", draft.pk)


@require_http_methods(["GET", "POST"])
@may_assign
@vary_on_headers("HX-Request", "HX-Target")
def assign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the draft, or keep what was filled in and freeze the plan."""
    draft = get_object_or_404(draft_queries.drafts_of(owner_pk=request.user.pk or 0), pk=pk)
    batch = draft_queries.submitted_batch(draft.pk) if draft.is_submitted else None
    if batch is not None:
        return redirect("batch", batch)
    if request.method == "POST":
        return _review(request, draft)
    page = DraftPage(request, draft)
    if not wants_fragment(request):
        return page.whole()
    return page.parts("options" if "find" in request.GET else "people")


@require_POST
@may_assign
def assign_terms(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the due date and status as they are now."""
    draft = own_draft(request, pk)
    form = _terms(request)
    if form.is_valid():
        drafts.set_terms(draft=draft, **form.cleaned_data, now=timezone.now())
    page = DraftPage(request, draft, terms=form, problems=_problems(form))
    if wants_fragment(request):
        return page.parts("terms", "summary", "dock", "steps")
    return redirect("assign", pk) if form.is_valid() else page.whole(status=422)


@require_POST
@may_assign
def assign_discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Throw the draft away."""
    drafts.discard(draft=own_draft(request, pk))
    return redirect("home")


def keep_ticks(request: HttpRequest, draft: Any) -> Problems:
    """Make the selection of the rows that are shown what the ticks say; return what was refused."""
    try:
        drafts.set_ticks(draft=draft, **TicksForm(request.POST).terms(), now=timezone.now())
    except drafts.DraftRefused as refusal:
        return (("people", str(refusal)),)
    return ()


def _review(request: HttpRequest, draft: Any) -> HttpResponse:
    form, now = _terms(request), timezone.now()
    problems = (*keep_ticks(request, draft), *_problems(form))
    if not problems:
        drafts.set_terms(draft=draft, **form.cleaned_data, now=now)
        try:
            planning.freeze(draft=draft, now=now)
        except planning.PlanRefused as refusal:
            problems = refusal.problems
        else:
            return redirect("review", draft.pk)
    return DraftPage(request, draft, terms=form, problems=problems).whole(status=422)


def _terms(request: HttpRequest) -> TermsForm:
    data = request.POST.copy()
    if request.POST.get("in_days", "").isdecimal():
        data["due_date"] = days_from_now(int(request.POST["in_days"][:4]))
    if "no_date" in request.POST:
        data["due_date"] = ""
    return TermsForm(data)


def _problems(form: TermsForm) -> Problems:
    return tuple((name, str(errors[0])) for name, errors in form.errors.items())
