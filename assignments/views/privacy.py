"""Personal data: find a person, preview and do an erasure, place and release legal holds."""

from typing import Final

from django.contrib.auth.decorators import permission_required
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments.audit.integrity.pruned_prefix import pruned
from assignments.forms.privacy import EraseForm, ReasonForm, RetentionForm
from assignments.queries import privacy as privacy_queries
from assignments.services.calls import connections
from assignments.services.privacy import legal_holds, retention
from assignments.services.privacy.erasure import ErasureRefused, erase
from assignments.services.privacy.preview import preview_erasure
from assignments.services.privacy.subjects import Subject, find_subject
from assignments.views.query_params import search_words
from assignments.views.request_context import Request, acting

may_erase = permission_required("assignments.erase_people", raise_exception=True)
SHORTEST_SEARCH: Final = 2


@require_GET
@never_cache
@may_erase
def privacy(request: Request) -> HttpResponse:
    """Search for a person, and show every legal hold and retention period."""
    return _page(request)


@require_http_methods(["GET", "POST"])
@never_cache
@may_erase
def privacy_person(request: Request, kind: str, pk: int) -> HttpResponse:
    """Preview the erasure of a person; a POST erases their personal data for good."""
    person = _subject_or_404(kind, pk)
    if request.method == "GET":
        return _person_page(request, person)
    form = EraseForm(request.POST)
    if not form.is_valid():
        return _person_page(request, person, problems=_problems(form))
    try:
        done = erase(
            ref=person.ref,
            reason=form.cleaned_data["reason"],
            by=acting(request),
            now=timezone.now(),
        )
    except ErasureRefused as refusal:
        return _person_page(request, person, problems=[str(refusal)])
    return redirect("entry", done.entry)


@require_POST
@may_erase
def privacy_hold(request: Request, kind: str, pk: int) -> HttpResponse:
    """Place a legal hold on a person or an account, or release it."""
    form, ref = ReasonForm(request.POST), f"{kind}/{pk}"
    act = legal_holds.release if request.POST.get("act") == "release" else legal_holds.place
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        act(ref=ref, reason=reason, by=acting(request), now=timezone.now())
    except legal_holds.HoldRefused as refusal:
        problems = [str(refusal)]
        if kind == "account":
            return _page(request, problems=problems, status=422)
        return _person_page(request, _subject_or_404(kind, pk), problems=problems)
    return redirect("privacy") if kind == "account" else redirect("privacy-person", kind, pk)


@require_POST
@may_erase
def privacy_retention(request: Request) -> HttpResponse:
    """Set for how long the log's entries of an account are kept."""
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, problems=_problems(form), status=422)
    fields = form.cleaned_data
    try:
        retention.set_retention(
            account=fields["account"],
            for_months=fields["months"],
            by=acting(request),
            now=timezone.now(),
        )
    except retention.InvalidRetention as refusal:
        return _page(request, problems=[str(refusal)], status=422)
    return redirect("privacy")


def _problems(form: Form) -> list[str]:
    return [str(errors[0]) for errors in form.errors.values()]


def _subject_or_404(kind: str, pk: int) -> Subject:
    person = find_subject(f"{kind}/{pk}")
    if person is None:
        raise Http404
    return person


def _page(
    request: Request, *, problems: tuple[str, ...] | list[str] = (), status: int = 200
) -> HttpResponse:
    words = search_words(request)
    is_searched = len(words) >= SHORTEST_SEARCH
    holds = {hold.ref: hold for hold in privacy_queries.legal_holds()}
    accounts = connections.configured_accounts()
    held = [(account, holds.pop(f"account/{account.pk}", None)) for account in accounts]
    context = {
        "words": words,
        "is_searched": is_searched,
        "learners": privacy_queries.matching_learners(words) if is_searched else [],
        "users": privacy_queries.matching_users(words) if is_searched else [],
        "most": privacy_queries.MAX_RESULTS,
        "accounts": held,
        "retention": privacy_queries.retention_periods(accounts),
        "first": pruned().size,
        "holds": [(hold, find_subject(hold.ref)) for hold in holds.values()],
        "problems": problems,
    }
    return render(request, "assignments/privacy.html", context, status=status)


def _person_page(
    request: Request, person: Subject, *, problems: list[str] | None = None
) -> HttpResponse:
    context = {
        "preview": preview_erasure(person, by=acting(request), now=timezone.now()),
        "person": person,
        "problems": problems or [],
        "reason": request.POST.get("reason", ""),
    }
    status = 422 if problems else 200
    return render(request, "assignments/privacy_person.html", context, status=status)
