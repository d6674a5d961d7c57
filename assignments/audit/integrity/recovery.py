"""Going on behind a break of the log's end: nobody stops the desk by damaging its log.

If the head is gone, unreadable or set back, or entries were put behind it, what stands there is
taken up into the tree as it is, and an entry says so. What no older seal vouches for stays in
question from then on.
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

ACTION: Final = "log.damage_detected"
# Stands for an entry that is missing before one that is in the way.
NO_HASH: Final = bytes(HASH_BYTES)
_ACTION_COLUMN: Final = 1 + INDEXES.index("action")


@dataclass(frozen=True, slots=True)
class Damage:
    """What was taken up: entries `first` to `last`, of which those before `sealed` had a seal."""

    first: int
    last: int
    sealed: int
    is_head_lost: bool

    @property
    def detail(self) -> dict[str, Any]:
        """Return what the entry of the break says."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """Say what was found."""
        if self.is_head_lost:
            return f"Its head was lost and worked out again from {self.last + 1:,} entries."
        which = f"Entries {self.first:,} to {self.last:,}"
        which = which if self.last > self.first else f"Entry {self.first:,}"
        return f"{which} stood behind its end and had to be taken up."

    def in_question(self, sealed: int | None = None) -> range:
        """Return the entries that nobody vouches for: those that had no seal at the break.

        :param sealed: so many entries had one, if that is known better than the entry says
        """
        return range(max(self.first, self.sealed if sealed is None else sealed), self.last + 1)


def lock_head(room: int) -> tuple[Frontier, Damage | None]:
    """Lock the log's end and return its tree, and what had to be taken up first.

    :param room: so many entries are to be appended
    """
    head, is_lost = _locked_head(), False
    if head is None:
        # Of several that find none one makes it.
        _, is_lost = LogHead.objects.get_or_create(pk=1)
        head = _locked_head()
    size, joined, last = head
    tree = None if is_lost else tree_from(size, joined)
    if last is None or (tree and last < size):
        return tree or Frontier(), None
    return _taken_up(tree, room)


def damage_in(rows: Sequence[Row]) -> Iterator[Damage]:
    """Yield the breaks that these entries, which are as they were written, tell of."""
    for row in rows:
        if row.columns[_ACTION_COLUMN] == ACTION:
            yield from _read(row.body)


def recorded_damage(start: int = 0, stop: int | None = None) -> list[Damage]:
    """Return the breaks that the entries from `start` on and below `stop` tell of."""
    found = LogEntry.objects.filter(action=ACTION, seq__gte=start).order_by("seq")
    found = found if stop is None else found.filter(seq__lt=stop)
    bodies = found.values_list("body", flat=True)
    return [broken for body in bodies for broken in _read(as_bytes(body))]


def _read(body: bytes) -> Iterator[Damage]:
    # One that cannot be read is not of our making, and another one tells where it stood.
    with suppress(*UNREADABLE):
        detail = orjson.loads(body)["detail"]
        first, last, sealed = (int(detail[name]) for name in ("first", "last", "sealed"))
        yield Damage(first, last, sealed, is_head_lost=detail["is_head_lost"] is True)


def _locked_head() -> Any:
    """Return the head's size and roots, and the highest number of an entry; None without a head."""
    entries, heads = LogEntry._meta.db_table, LogHead._meta.db_table
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    # Every append asks this: as a queryset it took three times as long. Names of our own.
    asked = f"SELECT size, frontier, (SELECT MAX(seq) FROM {entries}) FROM {heads}{lock}"  # noqa: S608  # nosec B608
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return cursor.fetchone()


def _taken_up(tree: Frontier | None, room: int) -> tuple[Frontier, Damage | None]:
    known = tree or _pruned_tree()
    grown = known.append(_hashes_beyond(known.size, room))
    if tree and grown.size == known.size:
        return tree, None
    sealed = LogSeal.objects.aggregate(size=Max("size"))["size"] or 0
    return grown, Damage(known.size, grown.size - 1, sealed, is_head_lost=tree is None)


def _pruned_tree() -> Frontier:
    """Return the tree over what was pruned: from there a lost head is worked out again."""
    try:
        return frontier_at(pruned().size, Tiles())
    except MissingHashes:
        return Frontier()


def _hashes_beyond(start: int, room: int) -> Iterator[bytes]:
    """Yield the hashes of what stands in the way of `room` entries; further ones are let be."""
    found = LogEntry.objects.filter(seq__gte=start).order_by("seq").values_list("seq", "leaf")
    for seq, leaf in found.iterator(chunk_size=2_048):
        if seq >= start + room:
            return
        yield from [NO_HASH] * (seq - start)
        yield as_bytes(leaf)[:HASH_BYTES].ljust(HASH_BYTES, b"\0")
        start = seq + 1
