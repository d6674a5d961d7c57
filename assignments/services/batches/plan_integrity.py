"""Plan integrity: only what was reviewed is sent; every row is checked against the logged plan.

Whoever can write to the database cannot add an entry to the log that counts: the plan's digest is
taken from the entry of its submission, and of its approval if it needs one. The hashes of its rows
are checked against that digest once, and each row against its own hash before it is sent.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from assignments.models import Assignment, Batch, PlanDigestInput
from assignments.services.batches.auto_pause import BatchPause
from assignments.services.batches.logged_plan import sendable_digest, submitted_digest
from assignments.services.planning.plan_digest import (
    FORMATS,
    PlanChanged,
    is_unchanged,
    lacks_sent_text,
    recomputed_digest,
    reviewed_input,
)

State = Assignment.State
CHANGED: Final = "This row was changed after the review."
CACHED_REVIEWS: Final = 16


def is_intact(batch: Batch) -> bool:
    """Return whether terms and rows are all as they were reviewed; true only before delivery."""
    return recomputed_digest(batch) == submitted_digest(batch.ref) == batch.plan_digest


def objection(batch: Batch) -> str:
    """Return why the batch may not start, or an empty text; true only before delivery."""
    if not is_intact(batch):
        return "Its rows are not the ones that were reviewed."
    return "" if sendable_digest(batch.ref) else "Nobody but its submitter approved this plan."


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows unchanged since the review, changed rows, and the pauses that follow."""

    unchanged: list[Assignment]
    changed: list[Assignment]
    pauses: list[BatchPause]


def check_rows(rows: Sequence[Assignment]) -> CheckedRows:
    """Split rows into unchanged and changed since review; rows of an altered plan are in neither.

    The rows must come with their batches, and these with their accounts.
    """
    checked = CheckedRows([], [], [])
    rows_by_batch: dict[int, list[Assignment]] = defaultdict(list)
    for row in rows:
        rows_by_batch[row.batch_id].append(row)
    for rows_of_batch in rows_by_batch.values():
        batch = rows_of_batch[0].batch
        try:
            _check_batch(batch, rows_of_batch, checked)
        except PlanChanged:
            checked.pauses.append(_plan_pause(batch))
    changed = {row.batch_id: row.batch for row in checked.changed}
    checked.pauses.extend(_rows_pause(batch, checked.changed) for batch in changed.values())
    return checked


def _check_batch(batch: Batch, rows: Sequence[Assignment], checked: CheckedRows) -> None:
    _require_review(batch.ref, batch.plan_digest)
    digest_input = reviewed_input(batch)
    if lacks_sent_text(digest_input):
        raise PlanChanged
    for row in rows:
        as_reviewed = is_unchanged(row, digest_input) and not _was_reset(row)
        (checked.unchanged if as_reviewed else checked.changed).append(row)


@lru_cache(maxsize=CACHED_REVIEWS)
def _require_review(batch_ref: str, plan_digest: str) -> None:
    """Require that the log allows sending the plan with this digest.

    :raises PlanChanged: if it does not
    """
    if sendable_digest(batch_ref) != plan_digest:
        raise PlanChanged


def _plan_pause(batch: Batch) -> BatchPause:
    reason = (
        f"Paused automatically: {_problem(batch)}, so nothing more is sent. "
        "Stop it, then copy it to a new draft and review it again."
    )
    return BatchPause(batch, reason)


def _problem(batch: Batch) -> str:
    if not submitted_digest(batch.ref):
        return "the log holds no entry of its review that Assignment Desk wrote"
    digest_input = PlanDigestInput.objects.filter(pk=batch.pk).first()
    if digest_input and digest_input.version > max(FORMATS):
        return "its plan was made by a later version of Assignment Desk, which alone can check it"
    if digest_input and lacks_sent_text(digest_input):
        return "a text that it sends was erased after the review"
    return "its plan is not the one that was reviewed"


def _rows_pause(batch: Batch, changed: Sequence[Assignment]) -> BatchPause:
    positions = [row.position for row in changed if row.batch_id == batch.pk]
    rows_were = "row was" if len(positions) == 1 else "rows were"
    reason = (
        f"Paused automatically: {len(positions):,} {rows_were} changed after the review and not "
        "sent. Find out who changed them in the database, then resume it, or stop it."
    )
    return BatchPause(batch, reason, {"rows_changed": positions})


def _was_reset(row: Assignment) -> bool:
    """Return whether a row that was already sent is stored as never sent."""
    return row.state == State.PLANNED and bool(row.attempt or row.remote_id)
