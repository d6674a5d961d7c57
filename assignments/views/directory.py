"""People and content of the LMS, from the copy that the sync keeps."""

from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from assignments.forms.assign import PositionForm
from assignments.queries import batches, directory, keyset, log
from assignments.queries.account_scope import hidden_accounts
from assignments.views.facet_list import facet_list
from assignments.views.people_table import PeopleTable
from assignments.views.permitted_objects import listed, seen
from assignments.views.query_params import chosen_account, search_words
from assignments.views.request_context import Request, wants_fragment

PER_PAGE: Final = 25
may_read = permission_required("assignments.view_directory", raise_exception=True)


@require_GET
@may_read
@vary_on_headers("HX-Request", "HX-Target")
def people(request: Request) -> HttpResponse:
    """List the people who match a search, including inactive ones."""
    table = PeopleTable(
        request.GET,
        account_pk=chosen_account(request),
        with_inactive=True,
        closed=hidden_accounts(request.user),
    )
    if "open" in request.GET and wants_fragment(request):
        return facet_list(request, table)
    context = {
        "heading": "People",
        "hint": "Name, e-mail, employee ID or LMS ID",
        "words": table.params["q"],
        "table": table,
        "sheet": table.sheet,
        "previous_query": table.query_previous,
        "next_query": table.query_next,
        "is_filtered": table.is_filtered,
    }
    return render(request, "assignments/people.html", context)


@require_GET
@may_read
def person(request: Request, pk: int) -> HttpResponse:
    """Show one person and what was assigned to them with this product, each with its log entry."""
    learner = get_object_or_404(seen(request, directory.all_learners()), pk=pk)
    paginator = Paginator(batches.learner_rows(pk), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    rows = list(page.object_list)
    entries = log.newest_entries([f"assignment/{row.pk}" for row in rows])
    context = {
        "person": learner,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "rows": [(row, entries.get(f"assignment/{row.pk}")) for row in rows],
    }
    return render(request, "assignments/person.html", context)


@require_GET
@may_read
def content_list(request: Request) -> HttpResponse:
    """List the items that match a search, with how many people have each."""
    words = search_words(request)
    place = keyset.PagePosition(**PositionForm(request.GET).values())
    contents = listed(request, directory.contents(account_pk=None, words=words))
    sheet = keyset.keyset_page(contents, place=place)
    context = {
        "heading": "Content",
        "hint": "Title, reference or LMS ID",
        "words": words,
        "sheet": sheet,
        "previous_query": _query(request, sheet.previous),
        "next_query": _query(request, sheet.following),
        "is_filtered": bool(words),
        "holders": directory.holder_counts([content.pk for content in sheet.rows]),
    }
    return render(request, "assignments/content.html", context)


@require_GET
@may_read
def content_item(request: Request, pk: int) -> HttpResponse:
    """Show one item: how many people have it, and the batches that assigned it."""
    content = get_object_or_404(seen(request, directory.all_contents()), pk=pk)
    paginator = Paginator(batches.content_batches(pk), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "content": content,
        "people": directory.holder_counts([pk]).get(pk, 0),
        "page": page,
        "batches": list(page.object_list),
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
    }
    return render(request, "assignments/content_item.html", context)


def _query(request: Request, place: keyset.PagePosition | None) -> str:
    if place is None:
        return ""
    parts = {"q": search_words(request), "account": chosen_account(request), **place.parts()}
    return f"?{urlencode({name: value for name, value in parts.items() if value})}"
