"""Personal data: finding somebody, seeing what is held, erasing them or holding them."""

from typing import Any, Final

from django.contrib.auth.decorators import permission_required
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assignments.audit.integrity.pruned_prefix import pruned
from assignments.forms.privacy import EraseForm, ReasonForm, RetentionForm
from assignments.queries import privacy as found
from assignments.services.calls import connections
from assignments.services.privacy import legal_holds, retention
from assignments.services.privacy.erasure import ErasureRefused, erase
from assignments.services.privacy.preview import preview
from assignments.services.privacy.subjects import Subject, subject
from assignments.views.query_params import search_words
from assignments.views.request_context import Request, acting

may_erase = permission_required("assignments.erase_people", raise_exception=True)
LEAST: Final = 2


@require_GET
@never_cache
@may_erase
def privacy(request: Request) -> HttpResponse:
    """Find somebody, and show every hold."""
    return _page(request)


@require_http_methods(["GET", "POST"])
@never_cache
@may_erase
def privacy_person(request: Request, kind: str, pk: int) -> HttpResponse:
    """Show what erasing somebody would come to; a POST erases them, for good."""
    whom = _whom(kind, pk)
    if request.method == "GET":
        return _person(request, whom)
    form = EraseForm(request.POST)
    if not form.is_valid():
        return _person(request, whom, problems=_problems(form))
    try:
        done = erase(
            ref=whom.ref,
            reason=form.cleaned_data["reason"],
            by=acting(request),
            now=timezone.now(),
        )
    except ErasureRefused as refusal:
        return _person(request, whom, problems=[str(refusal)])
    return redirect("entry", done.entry)


@require_POST
@may_erase
def privacy_hold(request: Request, kind: str, pk: int) -> HttpResponse:
    """Lay a legal hold on a person or an account, or lift it."""
    form, ref = ReasonForm(request.POST), f"{kind}/{pk}"
    act = legal_holds.lift if request.POST.get("act") == "lift" else legal_holds.lay
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        act(ref=ref, reason=reason, by=acting(request), now=timezone.now())
    except legal_holds.HoldRefused as refusal:
        problems = [str(refusal)]
        if kind == "account":
            return _page(request, problems=problems, status=422)
        return _person(request, _whom(kind, pk), problems=problems)
    return redirect("privacy") if kind == "account" else redirect("privacy-person", kind, pk)


@require_POST
@may_erase
def privacy_retention(request: Request) -> HttpResponse:
    """Say for how long entries of an account are kept."""
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _page(request, problems=_problems(form), status=422)
    asked = form.cleaned_data
    try:
        retention.keep(
            account=asked["account"],
            for_months=asked["months"],
            by=acting(request),
            now=timezone.now(),
        )
    except retention.NotAPeriod as refusal:
        return _page(request, problems=[str(refusal)], status=422)
    return redirect("privacy")


def _problems(form: Form) -> list[str]:
    return [str(found[0]) for found in form.errors.values()]


def _whom(kind: str, pk: int) -> Subject:
    whom = subject(f"{kind}/{pk}")
    if whom is None:
        raise Http404
    return whom


def _page(
    request: Request, *, problems: tuple[str, ...] | list[str] = (), status: int = 200
) -> HttpResponse:
    words = search_words(request)
    is_asked = len(words) >= LEAST
    laid = {hold.ref: hold for hold in found.holds()}
    accounts: list[Any] = connections.accounts()
    for account in accounts:
        account.hold = laid.pop(f"account/{account.pk}", None)
    context = {
        "words": words,
        "is_asked": is_asked,
        "learners": found.learners_found(words) if is_asked else [],
        "users": found.users_found(words) if is_asked else [],
        "most": found.MOST,
        "accounts": accounts,
        "retention": found.retention(accounts),
        "first": pruned().size,
        "holds": [(hold, subject(hold.ref)) for hold in laid.values()],
        "problems": problems,
    }
    return render(request, "assignments/privacy.html", context, status=status)


def _person(request: Request, whom: Subject, *, problems: list[str] | None = None) -> HttpResponse:
    context = {
        "seen": preview(whom, by=acting(request), now=timezone.now()),
        "whom": whom,
        "problems": problems or [],
        "reason": request.POST.get("reason", ""),
    }
    status = 422 if problems else 200
    return render(request, "assignments/privacy_person.html", context, status=status)
