"""The rules for every entry of an unaltered log: a fast check, then the first fault exactly."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from assignments.audit.entries.canonical import UNREADABLE, Entry, indexes_of
from assignments.audit.integrity.verdicts import Altered, Fault, Forged
from assignments.audit.merkle.tree import leaf_hash
from assignments.audit.signing.mac_keys import MacKey
from assignments.models.sql.bulk import stored_datetime

Columns = tuple[object, ...]
MacKeys = Mapping[str, MacKey]
# Entries are ordered by the lock, not by the clocks of several machines, which differ a little.
CLOCK_SLACK: Final = timedelta(minutes=5)


class Row(NamedTuple):
    """An entry as it is stored; `columns` are its time and index columns."""

    seq: int
    body: bytes
    leaf: bytes
    mac: bytes
    mac_key: str
    columns: Columns


def first_fault(rows: Sequence[Row], start: int, keys: MacKeys) -> Altered | Forged | None:
    """Return the first fault in rows by ascending number, which should be `start` and following.

    :param keys: the keys of MACs by their ids; the MACs of other keys are not checked
    """
    if _are_unaltered(rows, start, keys):
        return None
    faults = (fault_of(row, expected, keys) for expected, row in enumerate(rows, start))
    return next((fault for fault in faults if fault), None)


def fault_of(row: Row, expected: int, keys: MacKeys) -> Altered | Forged | None:
    """Return the fault of one entry: against its own hash, its MAC and the number it should have.

    :param keys: the keys of MACs by their ids; the MACs of other keys are not checked
    """
    if row.seq != expected:
        return Altered(expected, Fault.MISSING)
    if leaf_hash(row.body) != row.leaf:
        return Altered(row.seq, Fault.BODY)
    try:
        fault = _fault_in_body(row, orjson.loads(row.body))
    except UNREADABLE:
        fault = Altered(row.seq, Fault.UNREADABLE)
    return fault or (Forged(row.seq) if is_forged(row, keys) else None)


def is_forged(row: Row, keys: MacKeys) -> bool:
    """Return whether the MAC of an entry is not by the key that it names; false without the key."""
    key = keys.get(row.mac_key)
    return key is not None and not hmac.compare_digest(key.mac(row.leaf), row.mac)


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


class UncheckedMacs:
    """Counts the entries whose MAC cannot be checked by the ids of their keys.

    `first` holds the number of the first one of each key.
    """

    def __init__(self, keys: MacKeys) -> None:
        self._keys = keys
        self.counts: Counter[str] = Counter()
        self.first: dict[str, int] = {}

    def check(self, rows: Sequence[Row]) -> None:
        """Count those of the next entries."""
        if {row.mac_key for row in rows} <= self._keys.keys():
            return
        for row in rows:
            if row.mac_key not in self._keys:
                self.counts[row.mac_key] += 1
                self.first.setdefault(row.mac_key, row.seq)


def _are_unaltered(rows: Sequence[Row], start: int, keys: MacKeys) -> bool:
    try:
        seqs, bodies, leaves, macs, mac_keys, columns = zip(*rows, strict=True)
        return (
            list(seqs) == list(range(start, start + len(rows)))
            and [hashlib.sha256(b"\x00" + body).digest() for body in bodies] == list(leaves)
            and all(
                mac_key not in keys or keys[mac_key].mac(leaf) == mac
                for leaf, mac, mac_key in zip(leaves, macs, mac_keys, strict=True)
            )
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
