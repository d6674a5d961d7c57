"""What may be sent is what was reviewed: every row is held against the plan that the log knows.

Whoever writes to the tables of batches cannot write to the log: the plan's hash is taken from the
entry of its submission, and of its approval if it needs one. The hashes of its rows are held
against that once, and each row against its own before it is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from assignments.models import Assignment, Batch, PlanDigestInput
from assignments.queries.log import sendable_digest, submitted_digest
from assignments.services.batches import auto_pause
from assignments.services.planning.plan_digest import (
    DIGEST_BYTES,
    FORMATS,
    Terms,
    digest_of,
    recomputed_digest,
    row_digest,
    terms_of,
)

State = Assignment.State
CHANGED: Final = "This row was changed after the review."
# Of the largest batch they are three megabytes.
PLANS_REMEMBERED: Final = 16


class PlanChanged(Exception):
    """The plan of a batch is not the one that was reviewed."""


def is_intact(batch: Batch) -> bool:
    """Return whether terms and rows are all as they were reviewed; true only before delivery."""
    return recomputed_digest(batch) == submitted_digest(batch.pk) == batch.plan_digest


def objection(batch: Batch) -> str:
    """Return why the batch may not start as it is, or nothing; true only before delivery."""
    if not is_intact(batch):
        return "Its rows are not the ones that were reviewed."
    return "" if sendable_digest(batch.pk) else "Nobody but its submitter approved this plan."


def is_as_reviewed(row: Assignment) -> bool:
    """Return whether the row and the terms of its batch are as they were reviewed."""
    return parted([row]).standing == [row]


@dataclass(frozen=True, slots=True)
class Parted:
    """Rows that are as they were reviewed, rows that are not, and batches whose terms are not."""

    standing: list[Assignment]
    changed: list[Assignment]
    fallen: dict[int, Batch]


def parted(rows: Sequence[Assignment]) -> Parted:
    """Part the rows by whether they are as they were reviewed; those of a fallen batch are in none.

    The rows must come with their batches, and these with their accounts.
    """
    found = Parted([], [], {})
    reviewed: dict[int, PlanDigestInput] = {}
    for batch in {row.batch_id: row.batch for row in rows}.values():
        try:
            reviewed[batch.pk] = reviewed_input(batch.pk, batch.plan_digest, terms_of(batch))
        except PlanChanged:
            found.fallen[batch.pk] = batch
    for row in rows:
        if row.batch_id in reviewed:
            stands = _is_row_reviewed(row, reviewed[row.batch_id]) and not _was_set_back(row)
            (found.standing if stands else found.changed).append(row)
    return found


def pause(found: Parted, *, now: datetime) -> None:
    """Pause the batches of which something is not as it was reviewed."""
    for batch in found.fallen.values():
        problem = _problem(batch)
        because = (
            f"Paused itself: {problem}, so nothing more is sent. "
            "Stop it, then copy it to a new draft and review it again."
        )
        auto_pause.pause_itself(batch, because, {}, now)
    for batch in {row.batch_id: row.batch for row in found.changed}.values():
        positions = [row.position for row in found.changed if row.batch_id == batch.pk]
        were = "row was" if len(positions) == 1 else "rows were"
        because = (
            f"Paused itself: {len(positions):,} {were} changed after the review and not sent. "
            "Find out who changed them in the database, then resume it, or stop it."
        )
        auto_pause.pause_itself(batch, because, {"rows_changed": positions}, now)


def _problem(batch: Batch) -> str:
    if not submitted_digest(batch.pk):
        return "the log no longer holds the entry of its review"
    if PlanDigestInput.objects.filter(pk=batch.pk, version__gt=max(FORMATS)).exists():
        return "its plan was made by a later version of Assignment Desk, which alone can check it"
    return "its plan is not the one that was reviewed"


def _was_set_back(row: Assignment) -> bool:
    """Return whether a row that was sent already says that it never was."""
    return row.state == State.PLANNED and bool(row.attempt or row.remote_id)


def _is_row_reviewed(row: Assignment, digest_input: PlanDigestInput) -> bool:
    end = row.position * DIGEST_BYTES
    reviewed = digest_input.row_digests[end - DIGEST_BYTES : end]
    return row_digest(row, digest_input.version) == bytes(reviewed)


@lru_cache(maxsize=PLANS_REMEMBERED)
def reviewed_input(batch_pk: int, plan_digest: str, terms: Terms) -> PlanDigestInput:
    """Return the digests of a plan's rows if they and the terms are what the log says.

    :raises PlanChanged: if not
    """
    digest_input = PlanDigestInput.objects.filter(pk=batch_pk).first()
    if digest_input is None:
        raise PlanChanged
    if not digest_of(terms, digest_input) == sendable_digest(batch_pk) == plan_digest:
        raise PlanChanged
    return digest_input
