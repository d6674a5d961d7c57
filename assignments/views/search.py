"""The search box of every page: a redirect to the one exact match, or the best matches."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from assignments.queries import global_search
from assignments.queries.account_scope import hidden_accounts
from assignments.views.query_params import chosen_account, search_words
from assignments.views.request_context import Request


@require_GET
@never_cache
@permission_required("assignments.view_directory", raise_exception=True)
def search(request: Request) -> HttpResponse:
    """Redirect to the one exact match, or show people, content and batches that match."""
    words, hidden = search_words(request), hidden_accounts(request.user)
    place = global_search.exact_match(words, hidden=hidden) if words else None
    if place is not None:
        return redirect(place.name, place.pk)
    results = (
        global_search.best_matches(words, hidden=hidden, account_pk=chosen_account(request))
        if words
        else None
    )
    return render(request, "assignments/search.html", {"words": words, "results": results})
