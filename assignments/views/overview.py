"""Overview: running batches, and what needs the person's attention."""

from datetime import timedelta
from typing import Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from assignments.audit.verification import log_status
from assignments.queries import approvals, batches, drafts, overview
from assignments.queries.account_scope import hidden_accounts
from assignments.views.request_context import Request, wants_fragment

# How long a batch that may have been split is pointed out.
SPLIT_SHOWN: Final = timedelta(days=1)


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def home(request: Request) -> HttpResponse:
    """Show running batches and open decisions; auditors are redirected to the audit log."""
    if not request.user.has_perm("assignments.assign"):
        return redirect("audit")
    awaiting = list(approvals.batches_awaiting(request.user)[:6])
    hidden = hidden_accounts(request.user)
    running = batches.active(limit=6, hidden=hidden, exclude=awaiting)
    now = timezone.now()
    split = list(approvals.possibly_split_batches(request.user, since=now - SPLIT_SHOWN)[:6])
    context = {
        "split": split,
        "running": running,
        "awaiting": awaiting,
        "open_count": len(running) + len(awaiting),
        "attention_count": len(awaiting)
        + len(split)
        + sum(1 for batch in running if batch.failed or batch.state in {"held", "paused"}),
        "is_live": any(batch.state in {"waiting", "running"} for batch in running),
        "drafts": list(drafts.open_drafts(owner_pk=request.user.pk)[:5]),
        "numbers": overview.overview_numbers(now=now),
        "log_size": log_status.count_entries(),
        "verified": log_status.last_verification(now=now),
        "given_name": str(request.user).split()[0],
    }
    template = "assignments/overview.html"
    return render(request, template + "#now" if wants_fragment(request) else template, context)
