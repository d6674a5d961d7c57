"""Choose people by a pasted list; of the list only the added people are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.forms.lists import ListForm
from assignments.services.picking import drafts
from assignments.services.picking.pasted_lists import list_import
from assignments.views.assign import may_assign
from assignments.views.csv_response import csv_response
from assignments.views.draft_page import DraftPage, own_draft
from assignments.views.rate_limits import at_most
from assignments.views.request_context import Request, wants_fragment

if TYPE_CHECKING:
    from assignments.models import Draft

HEADING = ("Line", "You pasted", "Why nobody was added")


class PastePage(DraftPage):
    """The draft's page with a list in its text area, and the result of each word."""

    def __init__(
        self,
        request: Request,
        draft: Draft,
        *,
        text: str,
        pasted: list_import.ListImport | None = None,
        refusal: Exception | None = None,
    ) -> None:
        super().__init__(request, draft, problems=(("list", str(refusal)),) if refusal else ())
        self.text = pasted.text if pasted else text
        self.pasted = pasted

    def response(self, first: str) -> HttpResponse:
        """Return the whole page; for htmx, the first part and those that changed with it."""
        if wants_fragment(self.request):
            return self.parts(first, "summary", "summary_bar", "steps")
        return self.whole(status=422 if self.problems else 200)


@require_http_methods(["GET", "POST"])
@may_assign
@at_most("60/m", of="pasted-lists")
def assign_paste(request: Request, pk: UUID) -> HttpResponse:
    """Add the people on the list, replace one of its words, or download what did not match."""
    draft = own_draft(request, pk)
    if request.method == "GET":
        return redirect(f"{reverse('assign', args=[pk])}?by=paste")
    form = ListForm(request.POST)
    form.is_valid()
    text, use = form.cleaned_data["list"], form.cleaned_data["use"]
    if "rest" in request.POST:
        return _rest(request, draft, text)
    return _added(request, draft, text, use).response("paste" if use else "pasted")


def _added(request: Request, draft: Draft, text: str, use: tuple[int, int] | None) -> PastePage:
    try:
        if use:
            start, learner_pk = use
            text = list_import.replace_word(
                draft=draft, text=text, start=start, learner_pk=learner_pk
            )
        pasted = list_import.add_people(draft=draft, text=text, now=timezone.now())
    except (list_import.ListRefused, drafts.DraftRefused) as refusal:
        return PastePage(request, draft, text=text, refusal=refusal)
    return PastePage(request, draft, text=text, pasted=pasted)


def _rest(request: Request, draft: Draft, text: str) -> HttpResponse:
    try:
        rest = list_import.classify_list(account_pk=draft.account_id, text=text).not_added
    except list_import.ListRefused as refusal:
        return PastePage(request, draft, text=text, refusal=refusal).response("pasted")
    lines = ((miss.token.line, miss.token.text, miss.problem) for miss in rest)
    return csv_response("not-added.csv", [HEADING, *lines])
