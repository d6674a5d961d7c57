"""Everything that the page of one batch shows, for whichever view shows it."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from assignments.queries import approvals, batches, failures
from assignments.queries.call_rate import pace
from assignments.queries.connection_status import is_worker_seen
from assignments.queries.formatting import duration, moment
from assignments.queries.progress import (
    NEWS_SECONDS,
    PAGE_SECONDS,
    Progress,
    last_moved_at,
    progress,
)
from assignments.views.permitted_objects import seen
from assignments.views.query_params import asked_words
from assignments.views.request_context import Request

ROWS_PER_PAGE: Final = 50
COUNTED_DOWN: Final = 120
UNAPPROVED: Final = {"approval", "rejected", "expired"}
NOT_SENT: Final = {"cancelled", "rejected", "expired"}
AT_REST: Final = {"approval", "held", "paused", "done", "stopped", *NOT_SENT}


def refused(request: Request, pk: int, refusal: str) -> HttpResponse:
    """Answer with the batch's page and, above it, why what was asked for was not done."""
    context = {**page_of(request, pk), "refusal": refusal}
    return render(request, "assignments/batch.html", context, status=409)


def page_of(request: Request, pk: int) -> dict[str, Any]:
    """Return what the page of a submitted batch shows now."""
    context = live_of(request, pk, kept_seconds=PAGE_SECONDS)
    words, tab = context["words"], context["tab"]
    found = context["batch"]
    paginator = Paginator(batches.positions(found, tab=tab, words=words), ROWS_PER_PAGE)
    known = {name: count for name, _, count in context["tabs"]}.get(tab)
    if known is not None and not words:
        # Counted already, and from an index.
        paginator.count = known
    page = paginator.get_page(request.GET.get("page"))
    return {
        **context,
        "page": page,
        "rows": batches.rows(found, page.object_list),
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?tab={tab}&q={quote(words)}&page=",
    }


def live_of(request: Request, pk: int, *, kept_seconds: int = NEWS_SECONDS) -> dict[str, Any]:
    """Return what the parts show that follow a running batch."""
    now = timezone.now()
    found = get_object_or_404(seen(request, batches.submitted_batches()), pk=pk)
    stands = progress(found, kept_seconds=kept_seconds)
    context = {**_pace(found, stands, now), **_start(found, now)}
    words = [found.state, stands.token, str(found.account.paused_at is None), context["has_worker"]]
    if context["pace"]:
        words.append(context["pace"].token)
    return {
        **context,
        "batch": found,
        "approval": getattr(found, "approval", None),
        "is_let_go": found.state not in UNAPPROVED,
        "may_decide": found.state == "approval" and not approvals.objection(request.user, found),
        "progress": stands,
        "token": "-".join(map(str, words)),
        "is_live": found.state in {"waiting", "running"} or _is_ending(found, stands),
        "is_at_rest": found.state in AT_REST,
        "reasons": failures.reasons(found) if stands.failed or stands.unknown else [],
        "tabs": _tabs(stands),
        "tab": request.GET.get("tab", "all"),
        "words": asked_words(request),
    }


def _pace(found: Any, stands: Progress, now: datetime) -> dict[str, Any]:
    is_moving = found.state == "running" and stands.moving > 0
    has_worker, current = is_worker_seen(now=now), pace(found, now=now) if is_moving else None
    progressed_at = None if has_worker else last_moved_at(found)
    return {
        "has_worker": has_worker,
        "stands_still": duration((now - progressed_at).total_seconds()) if progressed_at else "",
        "pace": current,
        "time_left": current.time_for(stands.moving, now=now) if current else "",
    }


def _is_ending(found: Any, stands: Progress) -> bool:
    is_withdrawn_from = found.state in {"stopped", *NOT_SENT}
    return stands.moving > (0 if is_withdrawn_from else stands.waiting)


def _start(found: Any, now: datetime) -> dict[str, Any]:
    starts_in = (found.starts_at - now).total_seconds() if found.starts_at else 0
    return {
        "starts_in": max(0, round(starts_in)),
        "is_scheduled": starts_in > COUNTED_DOWN,
        "start": moment(found.starts_at) if found.starts_at else "",
    }


def _tabs(stands: Progress) -> list[tuple[str, str, int | None]]:
    numbers = {"all": stands.total}
    tabs = [
        (name, label, numbers.get(name, getattr(stands, name, None)))
        for name, (label, _) in batches.TABS.items()
    ]
    return [tabs[0], ("latest", "Latest", None), *tabs[1:]]
