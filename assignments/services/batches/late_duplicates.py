"""Leaving out who got an item elsewhere while its batch waited for an approval."""

from datetime import datetime
from typing import Final

from assignments.audit.log import record_all
from assignments.models import Approval, Assignment, Batch
from assignments.queries.plan_changes import assigns_again, was_assigned_since_review
from assignments.services.batches import completion, row_updates

State = Assignment.State
GOT_IT: Final = "They got it in the LMS while the batch waited for its approval."
CHUNK: Final = 1_000


def skip(batch: Batch, *, now: datetime) -> None:
    """Skip those rows of a batch that begins to run, unless people are to get it again.

    The batch must be locked by the caller's transaction.
    """
    approval = Approval.objects.select_related("batch").filter(pk=batch.pk).first()
    if approval is None or assigns_again(approval):
        return
    planned = Assignment.objects.filter(
        was_assigned_since_review(approval), batch=batch, state=State.PLANNED
    )
    pks = list(planned.order_by("position").values_list("pk", flat=True))
    for start in range(0, len(pks), CHUNK):
        _skip_some(batch, pks[start : start + CHUNK], now)
    if pks:
        completion.close_batches([batch.pk], now=now)


def _skip_some(batch: Batch, pks: list[int], now: datetime) -> None:
    found = row_updates.locked(pks, state=State.PLANNED)
    changes = [
        row_updates.Change(
            row,
            row_updates.event(row, "assignment.skipped", "skipped", problem=GOT_IT),
            row_updates.settled(State.SKIPPED, now, problem=GOT_IT),
        )
        for row in found.values()
    ]
    row_updates.write(changes)
    record_all([change.event for change in changes], by=completion.person_of(batch), at=now)
