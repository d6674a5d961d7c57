"""Audiences: list, use for a new draft, rename, delete."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from assignments.forms.audiences import AudienceNameForm
from assignments.queries import audiences as audience_queries
from assignments.services.picking import audiences, bulk_selection, drafts
from assignments.views.assign import may_assign
from assignments.views.assign_selection import apply_audience
from assignments.views.directory import may_read
from assignments.views.permitted_objects import listed, own_audiences
from assignments.views.request_context import Request, acting


@require_GET
@may_read
def audience_list(request: Request) -> HttpResponse:
    """List the audiences, with who created and who last used each."""
    return _page(request)


@require_POST
@may_assign
def audience_use(request: Request, pk: int) -> HttpResponse:
    """Create a draft with an audience's people selected."""
    audience = get_object_or_404(own_audiences(request), pk=pk)
    owner_pk, now = request.user.pk, timezone.now()
    draft = drafts.create(account=audience.account, owner_pk=owner_pk, now=now)
    try:
        apply_audience(request, draft, audience, bulk_selection.add_audience)
    except drafts.DraftRefused as refusal:
        drafts.delete(draft=draft)
        return _page(request, str(refusal))
    return redirect("assign", draft.pk)


@require_POST
@may_assign
def audience_rename(request: Request, pk: int) -> HttpResponse:
    """Rename an audience."""
    audience = get_object_or_404(own_audiences(request), pk=pk)
    form = AudienceNameForm(request.POST)
    if not form.is_valid():
        return _page(request, str(form.errors["name"][0]))
    name, by = form.cleaned_data["name"], acting(request)
    try:
        audiences.rename(audience=audience, name=name, by=by, now=timezone.now())
    except audiences.AudienceRefused as refusal:
        return _page(request, str(refusal))
    return redirect("audiences")


@require_POST
@may_assign
def audience_delete(request: Request, pk: int) -> HttpResponse:
    """Delete an audience; drafts and batches keep its people."""
    audience = get_object_or_404(own_audiences(request), pk=pk)
    audiences.delete(audience=audience, by=acting(request), now=timezone.now())
    return redirect("audiences")


def _page(request: Request, problem: str = "") -> HttpResponse:
    rows = [
        (audience, audience_queries.filter_description(audience.query))
        for audience in listed(request, audience_queries.audiences())
    ]
    context = {"audiences": rows, "problem": problem}
    status = 409 if problem else 200
    return render(request, "assignments/audiences.html", context, status=status)
