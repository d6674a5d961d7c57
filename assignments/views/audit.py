"""The audit log: search for entries, and the page of one entry."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypedDict

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assignments.audit.entries.commitments import recorded_names
from assignments.audit.export import assignment_history
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.search import access_records, search
from assignments.audit.search.completion import complete_query, describe_dates
from assignments.audit.search.date_ranges import MAX_DIGITS
from assignments.audit.search.parser import QuerySyntaxError, parse
from assignments.audit.search.query import FIELDS, Query
from assignments.audit.verification import log_status, one_entry
from assignments.forms.audit import QueryMenusForm
from assignments.forms.exports import LABELS as LABELS_OF_FORMATS
from assignments.queries import log
from assignments.queries.evidence import evidence
from assignments.views.log_query_url import query_text, query_url, today
from assignments.views.request_context import Request, acting

PER_PAGE: Final = 50
# The value of `steps` in the URL; without it the page leaves out technical steps.
EVERY_STEP: Final = "all"
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
    """List the matching entries, newest first; every search is recorded in the log."""
    text, now = query_text(request.GET), timezone.now()
    menus = QueryMenusForm(request.GET, today=today(now))
    if menus.fields.keys() & request.GET.keys():
        # The menus only add to the text of the query, which alone says what is searched for.
        return redirect(query_url(menus.add_to_query(text), **_steps(request)))
    first = pruned().size
    context = {"text": text, "menus": menus, "fields": FIELDS, "first": first}
    context["every_step"] = bool(_steps(request))
    context["size"] = log.log_size() - first
    context |= log_status.verification_status(now=now)
    try:
        query = parse(text, today=today(now))
    except QuerySyntaxError as problem:
        return render(request, "assignments/audit.html", {**context, "problem": problem})
    return render(request, "assignments/audit.html", {**context, **_page(request, query, now)})


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def audit_completions(request: Request) -> HttpResponse:
    """Suggest completions of a query that is being typed."""
    offers = complete_query(request.GET.get("q", ""), today=today(timezone.now()))
    return render(request, "assignments/audit/completions.html", {"offers": offers})


def _page(request: Request, query: Query, now: datetime) -> dict[str, object]:
    before = request.GET.get("before", "")
    last = int(before) if before.isdecimal() and len(before) <= MAX_DIGITS else None
    steps = _steps(request)

    def page_url(of: Query, before: int | str = "") -> str:
        return query_url(of, before=before, **steps)

    outcomes = query.with_outcomes_only()
    shown = query if steps else outcomes
    matches = search.find(shown)
    lines, next_before = matches.fetch_page(before=last, limit=PER_PAGE)
    count, is_capped = matches.count()
    if query:
        access_records.record_search(query=shown, count=count, by=acting(request), now=now)
    return {
        "lines": lines,
        "has_altered_name": any(line.has_altered_name for line in lines),
        "older": "" if next_before is None else page_url(query, before=next_before),
        "newest": page_url(query) if last is not None else "",
        "has_choice": outcomes != query,
        "outcomes_url": query_url(query),
        "every_step_url": query_url(query, steps=EVERY_STEP),
        "outcomes": outcomes,
        "count": count,
        "is_capped": is_capped,
        "query": query,
        "query_url": page_url(query),
        "print_url": query_url(query, name="audit-print"),
        "verify_url": query_url(shown, name="verify-search-results"),
        "sample_url": query_url(query, name="sample"),
        "formats": LABELS_OF_FORMATS.items(),
        "chips": _chips(query, page_url),
        "remedies": _remedies(query) if not count else [],
    }


@require_GET
@never_cache
@permission_required("assignments.view_log", raise_exception=True)
def entry(request: Request, seq: int) -> HttpResponse:
    """Show one entry: its verification, what was recorded, and how to check it."""
    line = search.fetch_entry(seq)
    first = pruned().size
    if line is None:
        return _pruned_or_404(request, seq, first)
    context = {
        "entry": line,
        "check": one_entry.check_entry(seq),
        "keys": log_status.published_keys(),
        "facts": log.detail_fields(line.body),
        "evidence": evidence(line.body),
        "told_of": assignment_history.learner_and_content_of(line.body),
        "broken": log_status.broken_verification(now=timezone.now()),
        "neighbours": log.neighbouring_entries(seq, first, log.log_size()),
        "checked_at": timezone.now(),
    }
    access_records.record_entry_read(seq=seq, by=acting(request), now=timezone.now())
    return render(request, "assignments/entry.html", context)


def _pruned_or_404(request: Request, seq: int, first: int) -> HttpResponse:
    if seq >= first:
        raise Http404
    context = {"seq": seq, "first": first, "size": log.log_size()}
    return render(request, "assignments/entry_pruned.html", context, status=410)


class _Steps(TypedDict, total=False):
    steps: str


def _steps(request: Request) -> _Steps:
    """Return the parameter of a URL that shows every step, if the request does."""
    return {"steps": EVERY_STEP} if request.GET.get("steps") == EVERY_STEP else {}


def _chips(query: Query, page_url: Callable[[Query], str]) -> list[dict[str, object]]:
    refs = [term.value for term in query.terms if term.field in {"by", "person"}]
    names = {"system": "the system", **recorded_names(refs)}
    return [
        {
            "label": LABELS.get(term.field, term.field.capitalize()),
            "value": names.get(term.value, term.value),
            "hint": describe_dates(term.parsed_value),
            "is_not": term.is_negated,
            "without": page_url(query.without(term)),
        }
        for term in query.terms
    ]


def _remedies(query: Query) -> list[dict[str, object]]:
    return [
        {
            "term": str(term),
            "count": count,
            "is_capped": is_capped,
            "url": query_url(query.without(term)),
        }
        for term, count, is_capped in search.suggest_removals(query)
    ]
