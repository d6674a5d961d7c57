"""The rules for every entry of an unaltered log: a fast check, then the first fault exactly."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from assignments.audit.entries.canonical import UNREADABLE, Entry, indexes_of
from assignments.audit.integrity.verdicts import Altered, Fault
from assignments.audit.merkle.tree import leaf_hash
from assignments.models.sql.bulk import stored_datetime

Columns = tuple[object, ...]
# Entries are ordered by the lock, not by the clocks of several machines, which differ a little.
CLOCK_SLACK: Final = timedelta(minutes=5)


class Row(NamedTuple):
    """An entry as it is stored; `columns` are its time and index columns."""

    seq: int
    body: bytes
    leaf: bytes
    columns: Columns


def first_fault(rows: Sequence[Row], start: int) -> Altered | None:
    """Return the first fault in rows by ascending number, which should be `start` and following."""
    if _are_unaltered(rows, start):
        return None
    faults = (fault_of(row, expected) for expected, row in enumerate(rows, start))
    return next((fault for fault in faults if fault), None)


def fault_of(row: Row, expected: int) -> Altered | None:
    """Return the fault of one entry: against its own hash and the number it should have."""
    if row.seq != expected:
        return Altered(expected, Fault.MISSING)
    if leaf_hash(row.body) != row.leaf:
        return Altered(row.seq, Fault.BODY)
    try:
        return _fault_in_body(row, orjson.loads(row.body))
    except UNREADABLE:
        return Altered(row.seq, Fault.UNREADABLE)


def _fault_in_body(row: Row, entry: Entry) -> Altered | None:
    expected_columns = columns_of(entry)
    if entry["seq"] != row.seq:
        return _misplaced(row.seq, entry["seq"])
    return Altered(row.seq, Fault.INDEXES) if row.columns != expected_columns else None


def columns_of(entry: Entry) -> Columns:
    """Return the columns of an entry, computed from its body.

    :raises ValueError: if the body has a format version that is not known
    """
    return (_moment(entry["at"]), *indexes_of(entry))


class ClockCheck:
    """Finds the first entry whose time is more than CLOCK_SLACK before that of an earlier entry.

    `note` says so in a sentence; it is empty if there is no such entry.
    """

    def __init__(self) -> None:
        self._latest = ""
        self.note = ""

    def check(self, rows: Sequence[Row]) -> None:
        """Check the times of the next entries, which must be free of faults."""
        times = [str(row.columns[0]) for row in rows]
        if times == sorted(times) and times[0] >= self._latest:
            self._latest = times[-1]
            return
        for row, time in zip(rows, times, strict=True):
            self._compare(row.seq, time)

    def _compare(self, seq: int, time: str) -> None:
        if time >= self._latest:
            self._latest = time
        elif not self.note:
            back = datetime.fromisoformat(self._latest) - datetime.fromisoformat(time)
            if back > CLOCK_SLACK:
                self.note = f" At entry {seq:,} the clock had been set back by {back}."


def _are_unaltered(rows: Sequence[Row], start: int) -> bool:
    try:
        seqs, bodies, leaves, columns = zip(*rows, strict=True)
        return (
            list(seqs) == list(range(start, start + len(rows)))
            and [hashlib.sha256(b"\x00" + body).digest() for body in bodies] == list(leaves)
            and [columns_of(orjson.loads(body)) for body in bodies] == list(columns)
        )
    except UNREADABLE:
        return False


@lru_cache(maxsize=4_096)
def _moment(text: str) -> object:
    return stored_datetime(datetime.fromisoformat(text))


def _misplaced(seq: int, seq_in_body: object) -> Altered:
    # After an inserted entry, each carries the number of the one before it.
    if seq_in_body == seq - 1:
        return Altered(seq - 1, Fault.INSERTED)
    return Altered(seq, Fault.OUT_OF_ORDER)
