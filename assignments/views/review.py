"""Review: the last look at a frozen plan, and submitting it."""

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments.forms.review import ReviewForm, StartForm
from assignments.queries import drafts as draft_queries
from assignments.queries import words
from assignments.services import drafts, planning, starting, submission
from assignments.views.assign import may_assign
from assignments.views.draft_page import own_draft
from assignments.views.person import acting

PER_PAGE: Final = 50
SATURDAY: Final = 5
SOON: Final = timedelta(days=3)
FAR: Final = timedelta(days=730)
MANY_COMPLETED: Final = 50


@require_http_methods(["GET", "POST"])
@never_cache
@may_assign
def review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the frozen plan; a POST freezes it anew, with the choice about who has it already."""
    batch = draft_queries.submitted_batch(pk)
    if batch is not None:
        return redirect("batch", batch)
    draft = own_draft(request, pk)
    if request.method == "GET":
        return _page(request, draft)
    now, again = timezone.now(), request.POST.get("again") == "yes"
    drafts.set_assigns_again(draft=draft, assigns_again=again, now=now)
    try:
        planning.freeze(draft=draft, now=now)
    except planning.PlanRefused:
        return redirect("assign", pk)
    return redirect("review", pk)


@require_GET
@never_cache
@may_assign
def review_start(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say the start that is filled in, in words, or what is wrong with it."""
    plan = draft_queries.plan(own_draft(request, pk).pk)
    if plan is None:
        raise Http404
    context = {"start": _start_in_words(request.GET, plan.batch.due_at)}
    return render(request, "assignments/review.html#start", context)


@require_POST
@may_assign
def submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Submit the plan that was seen; doing it twice leads to the same batch."""
    mine = draft_queries.drafts_of(owner_pk=request.user.pk or 0)
    draft, form = get_object_or_404(mine, pk=pk), ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, draft, problems=[str(e[0]) for e in form.errors.values()])
    try:
        batch = submission.submit(
            draft=draft, **form.cleaned_data, by=acting(request), now=timezone.now()
        )
    except submission.SubmissionRefused as refusal:
        return _page(request, draft, problems=[str(refusal)])
    return redirect("batch", batch.pk)


def _page(request: HttpRequest, draft: Any, problems: list[str] | None = None) -> HttpResponse:
    plan = draft_queries.plan(draft.pk)
    if plan is None:
        return redirect("assign", draft.pk)
    first = planning.first_call(plan.batch)
    paginator = Paginator(draft_queries.planned_rows(plan.batch), PER_PAGE)
    rows = paginator.get_page(request.GET.get("page"))
    context = {
        "draft": draft,
        "plan": plan,
        "problems": problems or [],
        "reason": request.POST.get("reason", draft.reason),
        "due": words.due(plan.batch.due_date),
        "first": {**asdict(first), "body": json.dumps(first.body, indent=2)} if first else None,
        "rows": rows,
        "pages": list(paginator.get_elided_page_range(rows.number, on_each_side=1)),
        "cautions": _cautions(plan),
        "hold": submission.hold_seconds(plan.to_create),
        "starts_at": request.POST.get("starts_at", ""),
        "start": _start_in_words(request.POST, plan.batch.due_at),
        "soonest": timezone.localtime(timezone=timezone.get_default_timezone()),
    }
    return render(request, "assignments/review.html", context, status=422 if problems else 200)


def _start_in_words(asked: QueryDict, due_at: datetime | None) -> dict[str, str]:
    form = StartForm(asked)
    if not form.is_valid():
        return {"problem": str(form.errors["starts_at"][0])}
    starts_at = form.cleaned_data["starts_at"]
    if starts_at is None:
        return {"words": f"Empty starts it right away. The time is that of {words.city()}."}
    try:
        starting.check(starts_at, due_at=due_at, now=timezone.now())
    except starting.StartRefused as refusal:
        return {"problem": str(refusal)}
    return {"words": f"Starts {words.moment(starts_at)}."}


def _cautions(plan: draft_queries.Plan) -> list[str]:
    due_date, found = plan.batch.due_date, []
    if due_date is not None:
        found += _about_the_day(due_date, timezone.localdate())
    if plan.is_large_share:
        found.append("This is more than a tenth of everybody in the directory.")
    if plan.batch.status == "completed" and plan.batch.people > MANY_COMPLETED:
        found.append(f"{words.people(plan.batch.people)} will stand as having completed it.")
    return found


def _about_the_day(due_date: date, today: date) -> list[str]:
    found = []
    if due_date.weekday() >= SATURDAY:
        found.append(f"The due date is a {due_date:%A}.")
    if due_date - today < SOON:
        found.append("The due date is less than three days away.")
    if due_date - today > FAR:
        found.append("The due date is more than two years away.")
    return found
