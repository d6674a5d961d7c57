"""The template context of a batch's page and of its live part, for every view that shows it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from assignments.queries import approvals, batches, failures
from assignments.queries.call_rate import call_rate
from assignments.queries.connection_status import has_running_worker
from assignments.queries.formatting import duration, moment
from assignments.queries.progress import (
    PAGE_MAX_AGE_SECONDS,
    POLL_MAX_AGE_SECONDS,
    batch_progress,
    last_settled_at,
)
from assignments.views.permitted_objects import seen
from assignments.views.query_params import search_words
from assignments.views.request_context import Request

if TYPE_CHECKING:
    from assignments.queries.call_rate import CallRate

ROWS_PER_PAGE: Final = 50
# Seconds to the start up to which the page counts down instead of naming the time.
COUNTED_DOWN: Final = 120
UNAPPROVED: Final = {"approval", "rejected", "expired"}
NOT_SENT: Final = {"cancelled", "rejected", "expired"}
AT_REST: Final = {"approval", "held", "paused", "done", "stopped", *NOT_SENT}


def refused(request: Request, number: int, refusal: str) -> HttpResponse:
    """Return the batch's page, with the reason above it why an action was refused; status 409."""
    context = {**page_context(request, number), "refusal": refusal}
    return render(request, "assignments/batch.html", context, status=409)


def page_context(request: Request, number: int) -> dict[str, object]:
    """Return the template context of the whole page of a submitted batch."""
    live = LivePart(request, number, kept_seconds=PAGE_MAX_AGE_SECONDS)
    positions = batches.positions(live.batch, tab=live.tab, words=live.words)
    paginator = Paginator(positions, ROWS_PER_PAGE)
    count = {name: count for name, _, count in live.tabs}.get(live.tab)
    if count is not None and not live.words:
        # The tabs have counted these rows already, from an index.
        paginator.count = count
    page = paginator.get_page(request.GET.get("page"))
    return {
        **live.context(),
        "page": page,
        "rows": batches.rows(live.batch, page.object_list),
        "pages": list(paginator.get_elided_page_range(page.number, on_each_side=1)),
        "base": f"?tab={live.tab}&q={quote(live.words)}&page=",
    }


class LivePart:
    """The parts of a batch's page that follow it while it runs.

    :param kept_seconds: how old a count of many rows may be, in seconds
    :raises Http404: if the person may see no such batch
    """

    def __init__(
        self, request: Request, number: int, *, kept_seconds: int = POLL_MAX_AGE_SECONDS
    ) -> None:
        self._user, self._now = request.user, timezone.now()
        self.batch = get_object_or_404(seen(request, batches.submitted_batches()), number=number)
        self.progress = batch_progress(self.batch, kept_seconds=kept_seconds)
        self.tab = request.GET.get("tab", "all")
        self.words = search_words(request)

    @property
    def token(self) -> str:
        """A string that changes whenever the live part does, but for a count-down."""
        is_account_open = self.batch.account.paused_at is None
        parts = [self.batch.state, self.progress.token, is_account_open, self.has_worker]
        return "-".join(map(str, [*parts, self.pace.token] if self.pace else parts))

    @property
    def is_live(self) -> bool:
        """Whether the page asks for news: the batch runs, or rows of it are still to settle."""
        is_withdrawn = self.batch.state in {"stopped", *NOT_SENT}
        is_ending = self.progress.moving > (0 if is_withdrawn else self.progress.waiting)
        return self.batch.state in {"waiting", "running"} or is_ending

    @property
    def is_counting_down(self) -> bool:
        """Whether the page shows the seconds to the start."""
        return self.batch.state == "waiting" and not self.is_scheduled

    @cached_property
    def seconds_to_start(self) -> float:
        """The seconds until the batch starts; 0 without a start time."""
        starts_at = self.batch.starts_at
        return (starts_at - self._now).total_seconds() if starts_at else 0

    @property
    def is_scheduled(self) -> bool:
        """Whether the page names the time of the start."""
        return self.seconds_to_start > COUNTED_DOWN

    @cached_property
    def has_worker(self) -> bool:
        """Whether a worker was alive in the last minute."""
        return has_running_worker(now=self._now)

    @cached_property
    def pace(self) -> CallRate | None:
        """How fast the calls go, while there are any to make."""
        is_moving = self.batch.state == "running" and self.progress.moving > 0
        return call_rate(self.batch, now=self._now) if is_moving else None

    @property
    def idle_time(self) -> str:
        """How long no row was settled, in words, if no worker is alive."""
        progressed_at = None if self.has_worker else last_settled_at(self.batch)
        return duration((self._now - progressed_at).total_seconds()) if progressed_at else ""

    @property
    def tabs(self) -> list[tuple[str, str, int | None]]:
        """The tabs of the rows: name, label, and number of rows if it is shown."""
        counts = {"all": self.progress.total}
        tabs = [
            (name, label, counts.get(name, getattr(self.progress, name, None)))
            for name, (label, _) in batches.TABS.items()
            # Rare enough that a tab without rows would only be in the way.
            if name != "confirmed" or self.progress.confirmed
        ]
        return [tabs[0], ("latest", "Latest", None), *tabs[1:]]

    def context(self) -> dict[str, object]:
        """Return the template context of the live part."""
        batch, progress = self.batch, self.progress
        is_undecided = batch.state == "approval"
        return {
            "batch": batch,
            "approval": getattr(batch, "approval", None),
            "is_approved": batch.state not in UNAPPROVED,
            "may_decide": is_undecided and not approvals.objection(self._user, batch),
            "progress": progress,
            "token": self.token,
            "is_live": self.is_live,
            "is_at_rest": batch.state in AT_REST,
            "reasons": failures.failure_reasons(batch)
            if progress.failed or progress.unknown or progress.confirmed
            else [],
            "tabs": self.tabs,
            "tab": self.tab,
            "words": self.words,
            "has_worker": self.has_worker,
            "idle_time": self.idle_time,
            "pace": self.pace,
            "time_left": self.pace.duration_of(progress.moving, now=self._now) if self.pace else "",
            "starts_in": max(0, round(self.seconds_to_start)),
            "is_scheduled": self.is_scheduled,
            "start": moment(batch.starts_at) if batch.starts_at else "",
        }
