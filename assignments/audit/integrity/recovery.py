"""Recover from damage at the log's end, so that damaging the log cannot stop the product.

If the head is missing, unreadable or set back, or entries were inserted after it, the entries found
there are adopted into the tree as they are, and a log entry records that. Those that no older seal
covers stay in question in every later verification.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from django.db import connection
from django.db.models import Max

from assignments.audit.entries.canonical import INDEXES, UNREADABLE
from assignments.audit.integrity.entry_rules import Row
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.integrity.reader import as_bytes
from assignments.audit.merkle.head import tree_from
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tiles import MissingHashes, Tiles
from assignments.audit.merkle.tree import HASH_BYTES, Frontier
from assignments.models import LogEntry, LogHead, LogSeal
from assignments.models.sql.statements import format_sql

ACTION: Final = "log.damage_detected"
# The leaf hash for a number that is missing before an adopted entry.
NO_HASH: Final = bytes(HASH_BYTES)
# Every append runs this: as a queryset it took three times as long.
_SELECT_HEAD: Final = format_sql(
    "SELECT size, frontier, (SELECT MAX(seq) FROM {entries}) FROM {heads}",
    entries=LogEntry,
    heads=LogHead,
)
_ACTION_COLUMN: Final = 1 + INDEXES.index("action")


@dataclass(frozen=True, slots=True)
class Damage:
    """Adopted entries `first` to `last`; a seal covered those before `sealed_size` at that time."""

    first: int
    last: int
    sealed_size: int
    is_head_lost: bool

    @property
    def detail(self) -> dict[str, object]:
        """Return the detail of the log entry that records the damage."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """Return what was found, as a sentence."""
        if self.is_head_lost:
            return f"Its head was lost and recomputed from {self.last + 1:,} entries."
        which = f"Entries {self.first:,} to {self.last:,} were"
        which = which if self.last > self.first else f"Entry {self.first:,} was"
        return f"{which} found after its end and adopted."

    def in_question(self, sealed_size: int | None = None) -> range:
        """Return the adopted entries that no seal covered when they were adopted.

        :param sealed_size: how many entries a trusted seal covered, if the caller knows better
        """
        size = self.sealed_size if sealed_size is None else sealed_size
        return range(max(self.first, size), self.last + 1)


def lock_head(room: int) -> tuple[Frontier, Damage | None]:
    """Lock the log's head and return its tree, and the damage that was recovered from, if any.

    :param room: how many entries are about to be appended
    """
    head, is_lost = _select_head_for_update(), False
    if head is None:
        # Of several transactions that find no head, one creates it.
        _, is_lost = LogHead.objects.get_or_create(pk=1)
        head = _select_head_for_update()
    size, frontier, last = head
    tree = None if is_lost else tree_from(size, frontier)
    if last is None or (tree and last < size):
        return tree or Frontier(), None
    return _adopt(tree, room)


def damage_in(rows: Sequence[Row]) -> Iterator[Damage]:
    """Yield the damage that these entries, which must be free of faults, record."""
    for row in rows:
        if row.columns[_ACTION_COLUMN] == ACTION:
            yield from _parse(row.body)


def recorded_damage(start: int = 0, stop: int | None = None) -> list[Damage]:
    """Return the damage that entries from `start` up to, not including, `stop` record."""
    entries = LogEntry.objects.filter(action=ACTION, seq__gte=start).order_by("seq")
    entries = entries if stop is None else entries.filter(seq__lt=stop)
    bodies = entries.values_list("body", flat=True)
    return [damage for body in bodies for damage in _parse(as_bytes(body))]


def _parse(body: bytes) -> Iterator[Damage]:
    # The product did not write an unreadable one; where it was found is itself recorded damage.
    with suppress(*UNREADABLE):
        detail = orjson.loads(body)["detail"]
        first, last, size = (int(detail[name]) for name in ("first", "last", "sealed_size"))
        yield Damage(first, last, size, is_head_lost=detail["is_head_lost"] is True)


def _select_head_for_update() -> Any:  # a row of a cursor
    """Lock the head; return its size, its roots and the highest entry number; None without one."""
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_SELECT_HEAD + lock)
        return cursor.fetchone()


def _adopt(tree: Frontier | None, room: int) -> tuple[Frontier, Damage | None]:
    start = tree or _pruned_tree()
    grown = start.append(_hashes_after(start.size, room))
    if tree and grown.size == start.size:
        return tree, None
    sealed_size = LogSeal.objects.aggregate(size=Max("size"))["size"] or 0
    return grown, Damage(start.size, grown.size - 1, sealed_size, is_head_lost=tree is None)


def _pruned_tree() -> Frontier:
    """Return the tree over the pruned entries, from which a lost head is recomputed."""
    try:
        return frontier_at(pruned().size, Tiles())
    except MissingHashes:
        return Frontier()


def _hashes_after(start: int, room: int) -> Iterator[bytes]:
    """Yield the leaf hashes of entries that occupy the next `room` numbers, one after another."""
    leaves = LogEntry.objects.filter(seq__gte=start).order_by("seq").values_list("seq", "leaf")
    for seq, leaf in leaves.iterator(chunk_size=2_048):
        if seq >= start + room:
            return
        yield from [NO_HASH] * (seq - start)
        yield as_bytes(leaf)[:HASH_BYTES].ljust(HASH_BYTES, b"\0")
        start = seq + 1
