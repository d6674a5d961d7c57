"""What an export holds: the entries that fit a query, of the log as it was at one moment."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from assignments.audit import tiles
from assignments.audit.actors import Actor
from assignments.audit.alarm import log
from assignments.audit.keys import signing_key
from assignments.audit.notes import SigningKey
from assignments.audit.proofs import frontier_at
from assignments.audit.pruned import pruned
from assignments.audit.query import Query
from assignments.audit.scanning import as_bytes
from assignments.audit.seals import NotSealed, make_seal
from assignments.audit.search import find
from assignments.audit.tree import Frontier
from assignments.models import LogEntry, LogHead, LogSeal
from assignments.models.storing import forget_pages

CHUNK: Final = 500
Tell = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The seal that an export is held against, and the key that signs the export."""

    seal: LogSeal
    key: SigningKey


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the log went when it was asked for, and the seal that vouches for that, if any."""

    tree: Frontier
    sealed: Sealed | None = None

    @property
    def size(self) -> int:
        """How many entries the log had."""
        return self.tree.size


class Stored(NamedTuple):
    """An entry as it is stored."""

    seq: int
    body: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Population:
    """Entries in the order of their numbers, found once and read as often as is needed.

    :param asked: what they were found by, as written
    :param pruned: so many entries were no longer there to be found
    """

    entries: QuerySet[LogEntry]
    extent: Extent
    asked: str
    is_whole: bool = False
    pruned: int = 0

    def count(self) -> int:
        """Return how many they are."""
        return self.entries.count()

    def chunks(self, tell: Tell = lambda _: None) -> Iterator[list[Stored]]:
        """Yield them, many at a time, so that memory does not grow with their number.

        :param tell: is told how many were used since it was told last
        """
        for rows in self._read(tell, "body", "leaf"):
            yield [stored(*row) for row in rows]

    def numbers(self, tell: Tell = lambda _: None) -> Iterator[int]:
        """Yield their numbers alone."""
        for rows in self._read(tell):
            yield from (seq for (seq,) in rows)

    def _read(self, tell: Tell, *columns: str) -> Iterator[list[tuple[Any, ...]]]:
        found: QuerySet[Any, Any] = self.entries.order_by("seq").values_list("seq", *columns)
        after = -1
        while rows := list(found.filter(seq__gt=after)[:CHUNK]):
            yield rows
            forget_pages()
            tell(len(rows))
            after = rows[-1][0]


def seal_now(*, by: Actor, now: datetime) -> Extent:
    """Seal the log for an export and return how far it goes.

    :raises NotSealed: if it cannot be sealed
    """
    seal = make_seal(because="export", by=by, now=now)
    return Extent(frontier_at(seal.size, tiles.Tiles()), Sealed(seal, signing_key()))


def seal_if_possible(*, by: Actor, now: datetime) -> Extent:
    """Seal the log for an export; one that cannot be sealed goes as far as its head."""
    try:
        return seal_now(by=by, now=now)
    except NotSealed as refusal:
        log.warning("An export goes out without a seal. %s", refusal)
        return head()


def head() -> Extent:
    """Return how far the log goes now, with nothing that vouches for it."""
    found = LogHead.objects.get()
    return Extent(Frontier.from_bytes(found.size, bytes(found.frontier)))


def fitting(query: Query, extent: Extent) -> Population:
    """Return the entries that fit."""
    entries, gone = find(query).entries.filter(seq__lt=extent.size), pruned().size
    is_whole = not query and not gone
    return Population(entries, extent, str(query), is_whole=is_whole, pruned=gone)


def numbered(numbers: Iterable[int], extent: Extent, asked: str) -> Population:
    """Return the entries with these numbers."""
    return Population(LogEntry.objects.filter(seq__among=sorted(numbers)), extent, asked)


def stored(seq: int, body: bytes | memoryview, leaf: bytes | memoryview) -> Stored:
    """Return an entry as the columns of its row hold it."""
    return Stored(seq, as_bytes(body), as_bytes(leaf))
