"""Plan refresh: read from the LMS again which items the people of a plan already have."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from assignments.queries import drafts as draft_queries
from assignments.queries.review import ReviewFindings
from assignments.services.syncing import plan_refresh
from assignments.views.assign import may_assign
from assignments.views.draft_page import own_draft
from assignments.views.request_context import Request, acting, wants_fragment
from assignments.views.review import review_page


@require_http_methods(["GET", "POST"])
@never_cache
@vary_on_headers("HX-Request")
@may_assign
def review_refresh(request: Request, pk: UUID) -> HttpResponse:
    """Show the progress of the plan's refresh; a POST requests one, which a worker does."""
    draft = own_draft(request, pk)
    plan = draft_queries.plan(draft.pk)
    if plan is None:
        raise Http404
    if request.method == "POST":
        try:
            plan_refresh.request_refresh(batch=plan.batch, by=acting(request), now=timezone.now())
        except plan_refresh.RefreshRefused as refusal:
            return review_page(request, draft, problems=[str(refusal)], plan=plan)
    if not wants_fragment(request):
        return redirect("review", pk)
    context = {
        "draft": draft,
        "plan": plan,
        "findings": ReviewFindings(plan.batch),
        "most_refreshed": plan_refresh.MAX_PEOPLE,
        "seen": request.GET.get("seen", ""),
    }
    return render(request, "assignments/review_refresh.html", context)
