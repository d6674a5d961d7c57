"""People and content of the LMS, as our copy has them."""

from typing import Final
from urllib.parse import quote

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from assignments.queries import batches, directory, log
from assignments.views.asked import asked_words

PER_PAGE: Final = 25
may_read = permission_required("assignments.view_directory", raise_exception=True)


@require_GET
@may_read
def people(request: HttpRequest) -> HttpResponse:
    """Show the people whom a search finds, inactive ones too."""
    words = asked_words(request)
    found = directory.people(account_pk=None, words=words, with_inactive=True)
    said = {"heading": "People", "hint": "Name, e-mail, employee ID or LMS ID", "words": words}
    return _list(request, "assignments/people.html", found, said)


@require_GET
@may_read
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one person and what was assigned to them with this tool, each with its proof."""
    everybody = directory.people(account_pk=None, with_inactive=True)
    found = get_object_or_404(everybody, pk=pk)
    paginator = Paginator(batches.of_learner(pk), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    rows = list(page.object_list)
    entries = log.proofs([f"assignment/{row.pk}" for row in rows])
    context = {
        "person": found,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "rows": [(row, entries.get(f"assignment/{row.pk}")) for row in rows],
    }
    return render(request, "assignments/person.html", context)


@require_GET
@may_read
def content_list(request: HttpRequest) -> HttpResponse:
    """Show the items that a search finds, with how many people have each."""
    words = asked_words(request)
    found = directory.contents(account_pk=None, words=words)
    said = {"heading": "Content", "hint": "Title, reference or LMS ID", "words": words}
    return _list(request, "assignments/content.html", found, said)


@require_GET
@may_read
def content_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one item: who has it, and the batches that assigned it."""
    found = get_object_or_404(directory.contents(account_pk=None), pk=pk)
    paginator = Paginator(batches.of_content(pk), PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        "content": found,
        "people": directory.holders([pk]).get(pk, 0),
        "page": page,
        "batches": list(page.object_list),
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
    }
    return render(request, "assignments/content_item.html", context)


def _list(
    request: HttpRequest, template: str, found: "QuerySet[directory.Entry]", said: dict[str, str]
) -> HttpResponse:
    paginator = Paginator(found, PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    is_content = template.endswith("content.html")
    context = {
        **said,
        "page": page,
        "shown": shown,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?q={quote(said['words'])}&page=",
        "holders": directory.holders([one.pk for one in shown]) if is_content else {},
    }
    return render(request, template, context)
