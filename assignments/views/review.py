"""Review: show a frozen plan before it is submitted, and submit it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments.forms.review import ReviewForm, StartForm
from assignments.queries import drafts as draft_queries
from assignments.queries import formatting
from assignments.queries.approvals import approvers
from assignments.queries.review import MAX_NAMES, ReviewFindings
from assignments.services.picking import drafts
from assignments.services.planning import due_cautions, due_dates, frozen_plan
from assignments.services.planning.plan_csv import write_plan
from assignments.services.submitting import approval_policy, start_time, submission
from assignments.services.submitting.grace_period import grace_seconds
from assignments.services.syncing import plan_refresh
from assignments.views.assign import may_assign
from assignments.views.draft_page import own_draft
from assignments.views.permitted_objects import own_drafts
from assignments.views.query_params import search_words
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Draft

PER_PAGE: Final = 50
MANY_COMPLETED: Final = 50


@require_http_methods(["GET", "POST"])
@never_cache
@may_assign
def review(request: Request, pk: UUID) -> HttpResponse:
    """Show the frozen plan; a POST freezes it again, with or without people who already have it."""
    batch = draft_queries.submitted_batch(pk)
    if batch is not None:
        return redirect("batch", batch)
    draft = own_draft(request, pk)
    if request.method == "GET":
        return _rechecked(request, draft)
    now, assigns_again = timezone.now(), request.POST.get("again") == "yes"
    drafts.set_assigns_again(draft=draft, assigns_again=assigns_again, now=now)
    try:
        frozen_plan.freeze(draft=draft, now=now)
    except frozen_plan.PlanRefused:
        return redirect("assign", pk)
    return redirect("review", pk)


@require_GET
@never_cache
@may_assign
def review_start(request: Request, pk: UUID) -> HttpResponse:
    """Show the start time that is being typed in words, or what is wrong with it."""
    plan = draft_queries.plan(own_draft(request, pk).pk)
    if plan is None:
        raise Http404
    context = {"start": _start_in_words(request.GET, plan.batch.due_at)}
    return render(request, "assignments/review.html#start", context)


@require_POST
@may_assign
def submit(request: Request, pk: UUID) -> HttpResponse:
    """Submit the plan that was reviewed; submitting twice leads to the same batch."""
    draft = get_object_or_404(own_drafts(request), pk=pk)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return review_page(request, draft, problems=[str(e[0]) for e in form.errors.values()])
    try:
        batch = submission.submit(
            draft=draft, **form.cleaned_data, by=acting(request), now=timezone.now()
        )
    except submission.SubmissionRefused as refusal:
        return review_page(request, draft, problems=[str(refusal)])
    return redirect("batch", batch.number)


@require_GET
@never_cache
@may_assign
def review_file(request: Request, pk: UUID) -> FileResponse:
    """Return every row of the frozen plan as a CSV file."""
    plan = draft_queries.plan(own_draft(request, pk).pk)
    if plan is None:
        raise Http404
    # A file rather than memory: a plan may be large.
    out = TemporaryFile()  # noqa: SIM115  the response closes it
    write_plan(batch=plan.batch, by=acting(request), now=timezone.now(), out=out)
    out.seek(0)
    name = f"plan-{plan.batch.plan_digest[:8]}.csv"
    return FileResponse(out, as_attachment=True, filename=name, content_type="text/csv")


def _rechecked(request: Request, draft: Draft) -> HttpResponse:
    plan, now = draft_queries.plan(draft.pk), timezone.now()
    if plan is None or not frozen_plan.needs_recheck(draft, plan.batch, now):
        return review_page(request, draft, plan=plan)
    try:
        changed = frozen_plan.recheck(draft=draft, batch=plan.batch, now=now)
    except frozen_plan.PlanRefused:
        return redirect("assign", draft.pk)
    return review_page(request, draft, note=changed)


def review_page(
    request: Request,
    draft: Draft,
    *,
    problems: list[str] | None = None,
    note: str = "",
    plan: draft_queries.Plan | None = None,
) -> HttpResponse:
    """Show the plan, or redirect to the draft if there is none."""
    plan = plan or draft_queries.plan(draft.pk)
    if plan is None:
        return redirect("assign", draft.pk)
    call = frozen_plan.first_request(plan.batch)
    words, findings = search_words(request), ReviewFindings(plan.batch)
    paginator = Paginator(draft_queries.planned_rows(plan.batch, words=words), PER_PAGE)
    if not words:
        paginator.count = plan.batch.rows
    rows = paginator.get_page(request.GET.get("page"))
    context = {
        "draft": draft,
        "plan": plan,
        "problems": problems or [],
        "note": note,
        "findings": findings,
        "blockers": _blockers(plan, findings),
        "reason": request.POST.get("reason", draft.reason),
        "due": formatting.due(plan.batch.due_date, plan.batch.due_time),
        "first_call": _readable(call) if call else None,
        "rows": rows,
        "words": words,
        "base": f"?q={quote(words)}&page=",
        "pages": list(paginator.get_elided_page_range(rows.number, on_each_side=1)),
        "most_refreshed": plan_refresh.MAX_PEOPLE,
        "seen": plan.batch.plan_digest,
        "cautions": _cautions(plan, findings),
        "approval_reasons": approval_policy.reasons(plan.batch, now=timezone.now()),
        "approval_hours": settings.APPROVAL_HOURS,
        "approvers": SimpleLazyObject(lambda: approvers(plan.batch)),
        "hold": grace_seconds(plan.to_create),
        "starts_at": request.POST.get("starts_at", ""),
        "start": _start_in_words(request.POST, plan.batch.due_at),
        "soonest": timezone.localtime(timezone=timezone.get_default_timezone()),
    }
    return render(request, "assignments/review.html", context, status=422 if problems else 200)


def _readable(call: frozen_plan.FirstRequest) -> dict[str, object]:
    return {**asdict(call), "body": json.dumps(call.body, indent=2, ensure_ascii=False)}


def _start_in_words(params: QueryDict, due_at: datetime | None) -> dict[str, str]:
    form = StartForm(params)
    if not form.is_valid():
        return {"problem": str(form.errors["starts_at"][0])}
    starts_at = form.cleaned_data["starts_at"]
    if starts_at is None:
        return {"words": f"Empty starts it right away. The time is that of {formatting.city()}."}
    try:
        start_time.check_start(starts_at, due_at=due_at, now=timezone.now())
    except start_time.StartRefused as refusal:
        return {"problem": str(refusal)}
    return {"words": f"Starts {formatting.moment(starts_at)}."}


def _blockers(plan: draft_queries.Plan, findings: ReviewFindings) -> list[str]:
    blockers = [
        f"{item} was retired in the LMS since the list was frozen. Remove it from the draft."
        for item in findings.gone
    ]
    if plan.batch.due_at is not None and plan.batch.due_at < timezone.now():
        blockers.append("The due date has passed. Choose a later one in the draft.")
    if not plan.to_create:
        blockers.append("Every row is skipped. Change who gets it, or assign again.")
    return blockers


def _cautions(plan: draft_queries.Plan, findings: ReviewFindings) -> list[str]:
    today, batch = due_dates.today(timezone.now()), plan.batch
    cautions = due_cautions.plan_cautions(findings.dues, today=today, due_time=plan.batch.due_time)
    if plan.is_large_share:
        cautions.append("This is more than a tenth of everybody in the directory.")
    if findings.completing > MANY_COMPLETED:
        cautions.append(
            f"{formatting.people(findings.completing)} will count as having completed it."
        )
    if batch.duplicate_rows:
        are = "row is" if batch.duplicate_rows == 1 else "rows are"
        cautions.append(
            f"{batch.duplicate_rows:,} {are} both picked and in the file. They count once, as in "
            "the file."
        )
    if findings.left:
        cautions.append(
            f"{formatting.people(findings.left)} left the directory since the list was frozen, and "
            "will be skipped."
        )
    if findings.shared:
        named = ", ".join(findings.shared[:MAX_NAMES])
        more = " and others" if len(findings.shared) > MAX_NAMES else ""
        cautions.append(f"Several people share an e-mail address: {named}{more}.")
    return cautions
