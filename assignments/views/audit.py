"""The audit log: finding entries, and one entry."""

from datetime import datetime
from typing import Final

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assignments.audit.export import assignment_history
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.search import access_records, search
from assignments.audit.search.completion import completions, in_words
from assignments.audit.search.date_ranges import MOST_DIGITS
from assignments.audit.search.parser import NotUnderstood, parse
from assignments.audit.search.query import FIELDS, Query
from assignments.audit.verification import log_status, one_entry
from assignments.forms.audit import MenusForm
from assignments.forms.exports import LABELS as LABELS_OF_FORMATS
from assignments.queries import log
from assignments.queries.evidence import evidence
from assignments.views.log_query_url import address, asked, today
from assignments.views.request_context import Request, acting

PER_PAGE: Final = 50
LABELS: Final = {
    "text": "Words",
    "by": "Done by",
    "when": "Recorded",
    "about": "About",
}


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def audit(request: Request) -> HttpResponse:
    """Show the entries that fit, newest first; a search is an entry itself."""
    text, now = asked(request.GET), timezone.now()
    menus = MenusForm(request.GET, today=today(now))
    if menus.fields.keys() & request.GET.keys():
        # The menus only write; what is asked always stands in the one line.
        return redirect(address(menus.added_to(text)))
    first = pruned().size
    context = {"text": text, "menus": menus, "fields": FIELDS, "first": first}
    context["size"] = log.log_size() - first
    context |= log_status.standing(now=now)
    try:
        query = parse(text, today=today(now))
    except NotUnderstood as problem:
        return render(request, "assignments/audit.html", {**context, "problem": problem})
    return render(request, "assignments/audit.html", {**context, **_page(request, query, now)})


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def audit_completions(request: Request) -> HttpResponse:
    """Offer ways to go on with a query that is being typed."""
    offers = completions(request.GET.get("q", ""), today=today(timezone.now()))
    return render(request, "assignments/audit/completions.html", {"offers": offers})


def _page(request: Request, query: Query, now: datetime) -> dict[str, object]:
    before = request.GET.get("before", "")
    last = int(before) if before.isdecimal() and len(before) <= MOST_DIGITS else None
    found = search.find(query)
    lines, more = found.page(before=last, limit=PER_PAGE)
    count, is_capped = found.count()
    if query:
        access_records.record_search(query=query, found=count, by=acting(request), now=now)
    return {
        "lines": lines,
        "older": "" if more is None else address(query, before=more),
        "newest": address(query) if last is not None else "",
        "count": count,
        "is_capped": is_capped,
        "query": query,
        "address": address(query),
        "print_address": address(query, name="audit-print"),
        "these_address": address(query, name="verify-these"),
        "sample_address": address(query, name="sample"),
        "formats": LABELS_OF_FORMATS.items(),
        "chips": _chips(query),
        "remedies": _remedies(query) if not count else [],
    }


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def entry(request: Request, seq: int) -> HttpResponse:
    """Show one entry with its verdict, what was recorded and how it was checked."""
    found = search.entry(seq)
    first = pruned().size
    if found is None:
        return _not_there(request, seq, first)
    context = {
        "entry": found,
        "check": one_entry.check_entry(seq),
        "keys": log_status.public_keys(),
        "facts": log.facts(found.body),
        "evidence": evidence(found.body),
        "told_of": assignment_history.told_of(found.body),
        "broken": log_status.alarm(),
        "neighbours": log.neighbours(seq, first, log.log_size()),
        "checked_at": timezone.now(),
    }
    access_records.record_reading(seq=seq, by=acting(request), now=timezone.now())
    return render(request, "assignments/entry.html", context)


def _not_there(request: Request, seq: int, first: int) -> HttpResponse:
    if seq >= first:
        raise Http404
    context = {"seq": seq, "first": first, "size": log.log_size()}
    return render(request, "assignments/entry_pruned.html", context, status=410)


def _chips(query: Query) -> list[dict[str, object]]:
    names = log.names([term.value for term in query.terms if term.field in {"by", "person"}])
    return [
        {
            "label": LABELS.get(term.field, term.field.capitalize()),
            "value": names.get(term.value, term.value),
            "hint": in_words(term.meaning),
            "is_not": term.is_not,
            "without": address(query.without(term)),
        }
        for term in query.terms
    ]


def _remedies(query: Query) -> list[dict[str, object]]:
    return [
        {
            "term": str(term),
            "count": count,
            "is_capped": is_capped,
            "address": address(query.without(term)),
        }
        for term, count, is_capped in search.without_each(query)
    ]
