"""Facets: the custom fields by which people of an account can be filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from assignments.forms.settings import FacetsForm
from assignments.queries import facet_values
from assignments.services.calls import connections
from assignments.services.syncing.facets import (
    MAX_FACETS,
    FacetsRefused,
    available_fields,
    set_facets,
)
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Account

TEMPLATE: Final = "assignments/facets.html"


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.sync_directory", raise_exception=True)
def facets(request: Request, pk: int) -> HttpResponse:
    """Show the chosen fields and those that can be chosen; a POST chooses."""
    account = next((each for each in connections.configured_accounts() if each.pk == pk), None)
    if account is None:
        raise Http404
    if request.method == "GET":
        current = [(facet.path, facet.label) for facet in facet_values.facets(pk)]
        return _page(request, account, current)
    chosen = FacetsForm(request.POST).facets()
    try:
        set_facets(account=account, chosen=chosen, by=acting(request), now=timezone.now())
    except FacetsRefused as refusal:
        return _page(request, account, chosen, problem=str(refusal))
    return redirect("settings")


def _page(
    request: Request, account: Account, chosen: list[tuple[str, str]], problem: str = ""
) -> HttpResponse:
    fields = available_fields(account.pk)
    paths = {path for path, _ in fields}
    # A chosen field that nobody has any more stays chosen until somebody removes it.
    fields += [(path, "nobody has it now") for path, _ in chosen if path not in paths]
    empty = [("", "")] * (MAX_FACETS - len(chosen))
    context = {
        "account": account,
        "fields": fields,
        "rows": [*chosen, *empty],
        "problem": problem,
    }
    return render(request, TEMPLATE, context, status=422 if problem else 200)
