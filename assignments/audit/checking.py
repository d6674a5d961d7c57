"""The rules of an unbroken log, checked entry by entry while the tree is built again."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from assignments.audit.bodies import Entry, canonical, indexes_of
from assignments.audit.tree import Frontier, leaf_hash
from assignments.audit.verdicts import Altered, How, Intact
from assignments.models.storing import stored_moment


class Row(NamedTuple):
    """An entry as it is stored; `columns` are its time and indexes, if it stands in the table."""

    seq: int
    body: bytes
    leaf: bytes
    columns: tuple[object, ...] | None = None


class Rebuilt:
    """The tree over the entries that were taken so far, each of them checked by itself."""

    def __init__(self) -> None:
        self.frontier = Frontier()

    def take(self, rows: Iterable[Row]) -> Altered | None:
        """Take the next entries; return the first that is not as it was written."""
        leaves = []
        for expected, row in enumerate(rows, self.frontier.size):
            fault = fault_of(row, expected)
            if fault:
                return fault
            leaves.append(row.leaf)
        self.frontier = self.frontier.append(leaves)
        return None

    def against(self, recorded: Frontier) -> Intact | Altered:
        """Compare with the recorded tree of the same size; the subtree that differs is named."""
        pairs = zip(recorded.spans(), self.frontier.roots, recorded.roots, strict=True)
        for span, ours, theirs in pairs:
            if ours != theirs:
                last = span.stop - 1
                return Altered(span.start, How.BODY, last if len(span) > 1 else None)
        return Intact(recorded.size, recorded.root().hex())


def fault_of(row: Row, expected: int) -> Altered | None:
    """Return what is wrong with one entry, seen by itself and by the number it should have."""
    if row.seq != expected:
        return Altered(expected, How.MISSING if row.seq > expected else How.OUT_OF_ORDER)
    if leaf_hash(row.body) != row.leaf:
        return Altered(row.seq, How.BODY)
    read = _read(row.body)
    return Altered(row.seq, How.FORM) if read is None else _fault_inside(row, *read)


def _fault_inside(row: Row, entry: Entry, said: tuple[object, ...]) -> Altered | None:
    if entry["seq"] != row.seq:
        return _misplaced(row.seq, entry["seq"])
    if row.columns is not None and row.columns != said:
        return Altered(row.seq, How.INDEXES)
    return None if canonical(entry) == row.body else Altered(row.seq, How.FORM)


def _read(body: bytes) -> tuple[Entry, tuple[object, ...]] | None:
    try:
        entry = json.loads(body)
        at = datetime.fromisoformat(entry["at"])
        return entry, (stored_moment(at), *indexes_of(entry))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _misplaced(seq: int, written_as: object) -> Altered:
    # Behind an entry that was pushed in, each carries the number of the one before it.
    if written_as == seq - 1:
        return Altered(seq - 1, How.INSERTED)
    return Altered(seq, How.OUT_OF_ORDER)
