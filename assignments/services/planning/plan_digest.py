"""The plan's seal: a hash of each row as it is to be sent, and one over all of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from operator import attrgetter
from typing import Final

import orjson

from assignments.models import Assignment, Batch

LEAF_BYTES: Final = 32
COLUMNS: Final = (
    "position",
    "learner_id",
    "content_id",
    "learner_remote_id",
    "content_remote_id",
    "content_reference",
    "due_at",
)
_reviewed: Final = attrgetter(*COLUMNS)
_SENT: Final = (Assignment.State.PLANNED.value,)


@dataclass(frozen=True, slots=True)
class Seal:
    """What was reviewed: the hash of each row, joined in their order, and the hash over all."""

    sha256: str
    leaves: bytes


def seal(batch: Batch) -> Seal:
    """Return the seal of the batch's plan; true only until delivery begins to move rows."""
    leaves = b"".join(_leaves(batch))
    return Seal(sealed(terms(batch), leaves), leaves)


def sealed(terms: bytes, leaves: bytes) -> str:
    """Return the SHA-256 over a plan's terms and the hashes of its rows."""
    whole = hashlib.sha256(terms)
    whole.update(leaves)
    return whole.hexdigest()


def terms(batch: Batch) -> bytes:
    """Return what all rows share, and how many they are, as one line of compact JSON."""
    due_at = batch.due_at.astimezone(UTC) if batch.due_at else None
    account = batch.account.remote_id
    return _line((account, due_at, batch.status, batch.progress, batch.rows)) + b"\n"


def leaf(row: Assignment) -> bytes:
    """Return the hash that a row has in the seal if it was reviewed as one to be sent."""
    return hashlib.sha256(_line(_reviewed(row) + _SENT)).digest()


def _leaves(batch: Batch) -> Iterator[bytes]:
    rows = Assignment.objects.filter(batch=batch).order_by("position")
    for row in rows.values_list(*COLUMNS, "state").iterator(chunk_size=5_000):
        yield hashlib.sha256(_line(row)).digest()


def _line(values: tuple[object, ...]) -> bytes:
    return orjson.dumps(values)
