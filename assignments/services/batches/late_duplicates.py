"""Late duplicates: people who were assigned an item elsewhere while its batch awaited approval."""

from datetime import datetime
from itertools import batched
from typing import Final

from assignments.models import Approval, Assignment, Batch
from assignments.queries.plan_changes import assigns_again, was_assigned_since_review
from assignments.services.batches import completion, row_pipeline
from assignments.services.batches.row_changes import skip
from assignments.services.batches.row_pipeline import Decision

State = Assignment.State
LATE_DUPLICATE: Final = "They got it in the LMS while the batch waited for its approval."
CHUNK: Final = 1_000


def skip_late_duplicates(batch: Batch, *, now: datetime) -> None:
    """Skip those rows of a batch that is released, unless people are to be assigned again.

    The batch must be locked by the caller's transaction.
    """
    approval = Approval.objects.select_related("batch").filter(pk=batch.pk).first()
    if approval is None or assigns_again(approval):
        return
    planned = Assignment.objects.filter(
        was_assigned_since_review(approval), batch=batch, state=State.PLANNED
    )
    pks = list(planned.order_by("position").values_list("pk", flat=True))
    for chunk in batched(pks, CHUNK):
        rows = row_pipeline.lock_rows(chunk, state=State.PLANNED)
        changes = [skip(row, LATE_DUPLICATE, now=now) for row in rows]
        row_pipeline.carry_out(Decision(changes), now=now)
    if pks:
        completion.close_batches([batch.pk], now=now)
