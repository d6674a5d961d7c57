"""Settings: display preferences, and the connection to the LMS."""

from urllib.parse import urlsplit

from django.conf import settings as site
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from assignments.forms.settings import DisplayForm
from assignments.queries import facet_values, overview
from assignments.queries.connection_status import has_running_worker
from assignments.services.calls import connections
from assignments.services.operations import preferences
from assignments.services.syncing import sync_request
from assignments.views.request_context import Request, acting, wants_fragment


@require_http_methods(["GET", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def settings(request: Request) -> HttpResponse:
    """Show the settings; a POST stores the person's display preferences."""
    if request.method == "POST":
        form = DisplayForm(request.POST)
        if form.is_valid():
            preferences.set_display(
                user_pk=request.user.pk,
                **form.cleaned_data,
                by=acting(request),
                now=timezone.now(),
            )
        return redirect("settings")
    syncs = overview.latest_syncs()
    context = {
        "accounts": [
            (account, [facet.label for facet in facet_values.facets(account.pk)])
            for account in connections.configured_accounts()
        ],
        "host": urlsplit(site.STACKONE_BASE_URL).netloc,
        "is_sandbox": site.IS_SANDBOX,
        "limit": site.STACKONE_REQUESTS_PER_MINUTE,
        "zone": site.TIME_ZONE,
        "syncs": syncs,
        "is_live": not syncs or any(run.finished_at is None for run in syncs),
        "has_worker": has_running_worker(now=timezone.now()),
        "choices": DisplayForm.base_fields,
    }
    template = "assignments/settings.html"
    return render(request, template + "#syncs" if wants_fragment(request) else template, context)


@require_POST
@permission_required("assignments.sync_directory", raise_exception=True)
def sync(request: Request) -> HttpResponse:
    """Request a sync of every account; a worker does it."""
    for account in connections.configured_accounts():
        sync_request.request_sync(account=account, by=acting(request), now=timezone.now())
    return redirect("settings")


@require_POST
@permission_required("assignments.sync_directory", raise_exception=True)
def account_resume(request: Request, pk: int) -> HttpResponse:
    """Resume sending for a paused account."""
    for account in connections.configured_accounts():
        if account.pk == pk:
            connections.resume_account(account=account, by=acting(request), now=timezone.now())
    return redirect("settings")
