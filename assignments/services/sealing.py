"""The plan's seal: a hash over everything that was reviewed, computed from the rows themselves."""

import hashlib
import json
from datetime import UTC

from django.db.models import QuerySet

from assignments.models import Assignment, Batch


def plan_sha256(batch: Batch) -> str:
    """Return the SHA-256 over the batch's terms and its rows in their fixed order.

    One line of compact JSON for the terms, then one for each row: position, the ids that are
    sent, and whether the row is sent or skipped. True only until delivery begins to move rows.
    """
    seal = hashlib.sha256(_line(_terms(batch)))
    for row in _rows(batch).iterator(chunk_size=5_000):
        seal.update(_line(row))
    return seal.hexdigest()


def _terms(batch: Batch) -> list[object]:
    due_at = batch.due_at.astimezone(UTC).isoformat() if batch.due_at else None
    return [batch.account.remote_id, due_at, batch.status, batch.progress]


def _rows(batch: Batch) -> "QuerySet[Assignment, tuple[int, str, str, str, str]]":
    rows = Assignment.objects.filter(batch=batch).order_by("position")
    return rows.values_list(
        "position", "learner_remote_id", "content_reference", "content_remote_id", "state"
    )


def _line(values: object) -> bytes:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
