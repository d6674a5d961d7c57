"""Findings of a review: changes since the plan was frozen, and probable mistakes.

Queried when the page is shown; the plan itself stays frozen.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from django.db.models import Count, Q, QuerySet

from assignments.models import Assignment, Batch, Content, PlanRefresh
from assignments.models.terms import Status

State = Assignment.State
MAX_NAMES: Final = 5
NOT_ASSIGNABLE: Final = Q(is_active=False) | Q(external_reference="")


@dataclass(frozen=True)
class ReviewFindings:
    """Findings about a frozen plan; each query runs once."""

    batch: Batch

    @cached_property
    def dues(self) -> list[tuple[date | None, int]]:
        """The due dates of the rows, the earliest first, with how many rows have each."""
        if not self.batch.has_several_due_dates:
            return [(self.batch.due_date, self.batch.rows)]
        counts = self._rows.values("due_date").order_by("due_date").annotate(n=Count("pk"))
        dates = list(counts.values_list("due_date", "n"))
        # Sorted here, because databases order NULL differently.
        return sorted(dates, key=lambda pair: (pair[0] is None, pair[0] or date.max))

    @cached_property
    def gone(self) -> list[str]:
        """The items that can no longer be assigned."""
        to_send = self._rows.filter(state=State.PLANNED).values("content")
        return [
            str(item) for item in Content.objects.filter(NOT_ASSIGNABLE, pk__in=to_send)[:MAX_NAMES]
        ]

    @cached_property
    def left(self) -> int:
        """Number of rows of people who became inactive since the freeze."""
        return self._rows.filter(state=State.PLANNED, learner__is_active=False).count()

    @cached_property
    def completing(self) -> int:
        """Number of people for whom an item would be recorded as completed."""
        if self.batch.status != Status.COMPLETED:
            return 0
        to_send = self._rows.filter(state=State.PLANNED)
        return to_send.values("learner").distinct().count()

    @cached_property
    def shared(self) -> list[str]:
        """E-mail addresses that several people of the plan share."""
        with_email = self._rows.exclude(learner__email="").values("learner__email")
        counts = with_email.order_by("learner__email").annotate(n=Count("learner", distinct=True))
        shared = counts.filter(n__gt=1).values_list("learner__email", flat=True)
        return list(shared[: MAX_NAMES + 1])

    @cached_property
    def others(self) -> list[str]:
        """Other batches that are assigning the same items to the same people now."""
        taken = self._rows.filter(state=State.SKIPPED)
        unsettled = Assignment.objects.filter(state__in=Assignment.UNSETTLED)
        busy = unsettled.filter(learner__in=taken.values("learner"))
        same = busy.filter(content__in=taken.values("content")).exclude(batch=self.batch)
        batches = Batch.objects.filter(pk__in=same.values("batch"), submitted_at__isnull=False)
        return [f"{batch.by_name} ({batch})" for batch in batches.order_by("-number")[:MAX_NAMES]]

    @cached_property
    def refresh(self) -> PlanRefresh | None:
        """The refresh that is running, or that ended since the freeze."""
        refresh = PlanRefresh.objects.filter(draft=self.batch.submission_key).first()
        if refresh is None or refresh.is_running:
            return refresh
        return refresh if refresh.progressed_at >= self.batch.frozen_at else None

    @property
    def _rows(self) -> QuerySet[Assignment]:
        return Assignment.objects.filter(batch=self.batch)
