"""Assignment history: every log entry about why one person has one item, in order."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assignments.audit.export import assignment_history
from assignments.audit.search import access_records
from assignments.audit.search.query import Query, Term
from assignments.audit.verification import log_status
from assignments.queries import directory
from assignments.queries.evidence import evidence
from assignments.views.permitted_objects import seen
from assignments.views.request_context import Request, acting


@require_GET
@never_cache
@permission_required(["assignments.view_log", "assignments.view_directory"], raise_exception=True)
def history(request: Request, pk: int, content: int) -> HttpResponse:
    """Show why a person has an item; this is recorded in the log as a search."""
    person = get_object_or_404(seen(request, directory.all_learners()), pk=pk)
    item = get_object_or_404(seen(request, directory.all_contents()), pk=content)
    story, now = assignment_history.fetch_history(learner_pk=pk, content_pk=content), timezone.now()
    query = _query(f"learner/{pk}", item.external_reference or item.title)
    access_records.record_search(query=query, count=story.entry_count, by=acting(request), now=now)
    answers = [(cause, cause.response_entry) for cause in story.causes]
    context = {
        "person": person,
        "content": item,
        "story": story,
        "causes": [(cause, line, evidence(line.body) if line else {}) for cause, line in answers],
        "query": query,
        "broken": log_status.broken_verification(now=timezone.now()),
    }
    return render(request, "assignments/assignment_history.html", context)


def _query(person: str, content: str) -> Query:
    of_person = Term(field="person", value=person, parsed_value=person)
    return Query((of_person, Term(field="content", value=content, parsed_value=content)))
