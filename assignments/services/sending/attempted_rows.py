"""Which rows still name whom and what their last attempt was for, by the log."""

import base64
import hmac
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import batched

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.row_numbers import STARTED, groups_of
from assignments.audit.integrity.trusted_entries import trusted_bodies
from assignments.models import Assignment, LogEntry
from assignments.services.planning.called_rows import DIGEST_BYTES, called_digest

type Attempt = tuple[int, bytes]


def as_attempted(rows: Iterable[Assignment]) -> set[int]:
    """Return the ids of the rows whose person and item are those of their last attempt.

    Of a batch whose plan was altered the log alone shows that a row is about what was sent, so that
    reading the LMS back can settle it.

    :param rows: with their batches
    """
    by_batch: defaultdict[str, list[Assignment]] = defaultdict(list)
    for row in rows:
        by_batch[row.batch.ref].append(row)
    return {
        row.pk for batch, of_batch in by_batch.items() for row in _as_attempted(batch, of_batch)
    }


def _as_attempted(batch: str, rows: Sequence[Assignment]) -> list[Assignment]:
    # A number that was altered finds no entry of the row, or a later one, which is the last.
    since = [row.started_in for row in rows if row.started_in is not None]
    if not since:
        return []
    attempts = _last_attempts(batch, min(since), {row.position for row in rows})
    return [row for row in rows if _is_same(row, attempts.get(row.position))]


def _is_same(row: Assignment, attempt: Attempt | None) -> bool:
    if attempt is None:
        return False
    number, digest = attempt
    return number == row.attempt and hmac.compare_digest(digest, called_digest(row))


def _last_attempts(batch: str, since: int, positions: Collection[int]) -> Mapping[int, Attempt]:
    """Return the number and digest of the last attempt of rows of a batch in the log."""
    entries = LogEntry.objects.filter(subject=batch, action=STARTED, seq__gte=since)
    attempts: dict[int, Attempt] = {}
    for body in trusted_bodies(entries):
        of_entry = _attempts(body)
        attempts |= {row: attempt for row, attempt in of_entry.items() if row in positions}
    return attempts


def _attempts(body: Entry) -> dict[int, Attempt]:
    """Return the attempts that an entry says were started, by the number of the row."""
    attempts: dict[int, Attempt] = {}
    for positions, group in groups_of(body):
        digests = batched(base64.b64decode(str(group["digests"])), DIGEST_BYTES)
        number = int(str(group["attempt"]))
        pairs = zip(positions, digests, strict=True)
        attempts |= {row: (number, bytes(digest)) for row, digest in pairs}
    return attempts
