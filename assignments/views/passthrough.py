"""Set the passthrough of all assignments of an account or of an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from assignments.forms.settings import PassthroughForm
from assignments.queries import directory
from assignments.queries.formatting import indented_json
from assignments.services.calls import connections
from assignments.services.submitting import passthrough_defaults
from assignments.views.permitted_objects import seen
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Account, Content


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.sync_directory", raise_exception=True)
def account_passthrough(request: Request, pk: int) -> HttpResponse:
    """Show what new drafts of the account begin with; a POST sets it."""
    account = next((each for each in connections.configured_accounts() if each.pk == pk), None)
    if account is None:
        raise Http404

    def save(passthrough: str) -> HttpResponse:
        passthrough_defaults.set_for_account(
            account=account, passthrough=passthrough, by=acting(request), now=timezone.now()
        )
        return redirect("settings")

    return _page(request, account, save)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.sync_directory", raise_exception=True)
def content_passthrough(request: Request, pk: int) -> HttpResponse:
    """Show what every assignment of the item is sent with; a POST sets it."""
    content = get_object_or_404(seen(request, directory.all_contents()), pk=pk)

    def save(passthrough: str) -> HttpResponse:
        passthrough_defaults.set_for_item(
            content=content, passthrough=passthrough, by=acting(request), now=timezone.now()
        )
        return redirect("content-item", pk)

    return _page(request, content, save)


def _page(
    request: Request, of: Account | Content, save: Callable[[str], HttpResponse]
) -> HttpResponse:
    form = PassthroughForm(request.POST) if request.method == "POST" else None
    if form and form.is_valid():
        return save(form.cleaned_data["passthrough"])
    problem = str(form.errors["passthrough"][0]) if form else ""
    typed = form.data.get("passthrough", "") if form else indented_json(of.passthrough)
    context = {"of": of, "text": typed, "problem": problem}
    template = "assignments/passthrough.html"
    return render(request, template, context, status=422 if problem else 200)
