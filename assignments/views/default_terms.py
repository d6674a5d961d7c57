"""Set the default terms of an item or an audience, and the passthrough of an account's drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from assignments.forms.assign import MoreFieldsForm
from assignments.queries import directory
from assignments.services.calls import connections
from assignments.services.picking import audiences
from assignments.services.planning import own_terms
from assignments.services.submitting import default_terms
from assignments.views.assign import may_assign
from assignments.views.more_fields import more_field, text_of
from assignments.views.permitted_objects import own_audiences, seen
from assignments.views.request_context import Request, acting

if TYPE_CHECKING:
    from assignments.models import Account, Audience, Content

ACCOUNT = "New drafts begin with it; a manager can change it there."
AUDIENCE = (
    "They are filled in when the audience is added to a draft, where the draft says nothing else. "
    "A manager sees and can change them there."
)
CONTENT = (
    "Every assignment of this item is sent with them, where its draft says nothing else. The names "
    "of the passthrough are added to the draft’s; a name that both have counts as it is here."
)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.sync_directory", raise_exception=True)
def account_passthrough(request: Request, pk: int) -> HttpResponse:
    """Show the passthrough that new drafts of the account begin with; a POST sets it."""
    account = next((each for each in connections.configured_accounts() if each.pk == pk), None)
    if account is None:
        raise Http404

    def save(passthrough: str, **_: object) -> HttpResponse:
        default_terms.set_for_account(
            account=account, passthrough=passthrough, by=acting(request), now=timezone.now()
        )
        return redirect("settings")

    return _page(request, account, ACCOUNT, {"passthrough": account.passthrough}, save)


@require_http_methods(["GET", "POST"])
@never_cache
@permission_required("assignments.sync_directory", raise_exception=True)
def content_defaults(request: Request, pk: int) -> HttpResponse:
    """Show what every assignment of the item is sent with; a POST sets it."""
    content = get_object_or_404(seen(request, directory.all_contents()), pk=pk)

    def save(**terms: object) -> HttpResponse:
        default_terms.set_for_item(
            content=content, terms=terms, by=acting(request), now=timezone.now()
        )
        return redirect("content-item", pk)

    return _page(request, content, CONTENT, _values(content), save)


@require_http_methods(["GET", "POST"])
@never_cache
@may_assign
def audience_defaults(request: Request, pk: int) -> HttpResponse:
    """Show what the audience fills in for drafts; a POST sets it."""
    audience = get_object_or_404(own_audiences(request), pk=pk)

    def save(**terms: object) -> HttpResponse:
        audiences.set_defaults(
            audience=audience, terms=terms, by=acting(request), now=timezone.now()
        )
        return redirect("audiences")

    return _page(request, audience, AUDIENCE, _values(audience), save)


def _values(of: Audience | Content) -> dict[str, object]:
    return dict.fromkeys(own_terms.NAMES) | own_terms.values_of(of.default_terms)


def _page(
    request: Request,
    of: Account | Audience | Content,
    what_for: str,
    stored: Mapping[str, object],
    save: Callable[..., HttpResponse],
) -> HttpResponse:
    form = MoreFieldsForm(request.POST) if request.method == "POST" else None
    if form and form.is_valid():
        return save(**form.cleaned_data)
    fields = [
        more_field(name, form.data.get(name, ""), _first(form.errors.get(name)))
        if form
        else more_field(name, text_of(name, value))
        for name, value in stored.items()
    ]
    heading = "More fields" if len(fields) > 1 else "Passthrough"
    context = {
        "of": of,
        "heading": heading,
        "what_for": what_for,
        "fields": fields,
        "has_problem": form is not None,
    }
    status = 422 if form else 200
    return render(request, "assignments/default_terms.html", context, status=status)


def _first(errors: Iterable[object] | None) -> str:
    return next(map(str, errors or ()), "")
