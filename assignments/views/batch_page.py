"""Everything that the page of one batch shows, for whichever view shows it."""

from typing import Any, Final
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from assignments.queries import batches, failures
from assignments.queries.frame import is_worker_seen
from assignments.queries.words import moment
from assignments.views.asked import asked_words

ROWS_PER_PAGE: Final = 50
COUNTED_DOWN: Final = 120
AT_REST: Final = {"held", "paused", "done", "stopped", "cancelled"}


def refused(request: HttpRequest, pk: int, refusal: str) -> HttpResponse:
    """Answer with the batch's page and, above it, why what was asked for was not done."""
    context = {**page_of(request, pk), "refusal": refusal}
    return render(request, "assignments/batch.html", context, status=409)


def page_of(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return what the page of a submitted batch shows now."""
    now = timezone.now()
    found = get_object_or_404(batches.submitted_batches(), pk=pk)
    progress = batches.progress(found, now=now)
    words, tab = asked_words(request), request.GET.get("tab", "all")
    paginator = Paginator(batches.rows(found, tab=tab, words=words), ROWS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    starts_in = (found.starts_at - now).total_seconds() if found.starts_at else 0
    has_worker, is_sending = is_worker_seen(now=now), found.account.paused_at is None
    return {
        "batch": found,
        "progress": progress,
        "token": f"{found.state}-{progress.token}-{has_worker:d}{is_sending:d}",
        "is_live": found.state in {"waiting", "running"} or progress.moving > progress.waiting,
        "is_at_rest": found.state in AT_REST,
        "starts_in": max(0, round(starts_in)),
        "is_scheduled": starts_in > COUNTED_DOWN,
        "start": moment(found.starts_at) if found.starts_at else "",
        "reasons": failures.reasons(found) if progress.failed or progress.unknown else [],
        "has_worker": has_worker,
        "tabs": _tabs(progress),
        "tab": tab,
        "words": words,
        "page": page,
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?tab={tab}&q={quote(words)}&page=",
    }


def _tabs(progress: batches.Progress) -> list[tuple[str, str, int | None]]:
    numbers = {"all": progress.total}
    tabs = [
        (name, label, numbers.get(name, getattr(progress, name, None)))
        for name, (label, _) in batches.TABS.items()
    ]
    return [tabs[0], ("latest", "Latest", None), *tabs[1:]]
