"""What an export holds: the entries that fit a query, of the log as it was at one moment."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity.alarm import log
from assignments.audit.integrity.pruned_prefix import pruned
from assignments.audit.integrity.reader import as_bytes
from assignments.audit.merkle import tiles
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import Frontier
from assignments.audit.seals.sealing import NotSealed, make_seal
from assignments.audit.search.query import Query
from assignments.audit.search.search import find
from assignments.audit.signing.keys import signing_key
from assignments.audit.signing.signed_note import SigningKey
from assignments.models import LogEntry, LogHead, LogSeal
from assignments.models.sql.bulk import forget_pages

# What fits a processor's cache: more take longer each.
CHUNK: Final = 128
Tell = Callable[[int], object]
type Rows = QuerySet[Any, Any]


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

    :param fitting: as the database tells them from all others
    :param asked: what they were found by, as written
    :param numbers: those among which they are, if they are known, ascending
    :param pruned: so many entries were no longer there to be found
    """

    fitting: QuerySet[LogEntry]
    extent: Extent
    asked: str
    numbers: Sequence[int] | None = None
    is_whole: bool = False
    pruned: int = 0

    @property
    def entries(self) -> QuerySet[LogEntry]:
        """All of them."""
        if self.numbers is None:
            return self.fitting
        return self.fitting.filter(seq__in_list=list(self.numbers))

    def count(self) -> int:
        """Return how many they are."""
        return self.entries.count()

    def chunks(self, tell: Tell = lambda _: None) -> Iterator[list[Stored]]:
        """Yield them, many at a time, so that memory does not grow with their number.

        :param tell: is told how many were used since it was told last
        """
        for rows in self.columns(tell, "body", "leaf"):
            yield [stored(*row) for row in rows]

    def seqs(self, tell: Tell = lambda _: None) -> Iterator[int]:
        """Yield their numbers alone."""
        for rows in self.columns(tell):
            yield from (seq for (seq,) in rows)

    def columns(self, tell: Tell, *columns: str) -> Iterator[list[tuple[Any, ...]]]:
        """Yield their numbers and what some columns hold, many at a time."""
        found: Rows = self.fitting.order_by("seq").values_list("seq", *columns)
        for rows in _one_after_another(found) if self.numbers is None else self._by_number(found):
            yield rows
            forget_pages()
            tell(len(rows))

    def _by_number(self, found: Rows) -> Iterator[list[tuple[Any, ...]]]:
        for some in batched(self.numbers or (), CHUNK, strict=False):
            yield list(found.filter(seq__in_list=list(some)))


def _one_after_another(found: Rows) -> Iterator[list[tuple[Any, ...]]]:
    after = -1
    while rows := list(found.filter(seq__gt=after)[:CHUNK]):
        yield rows
        after = rows[-1][0]


def seal_now(*, by: Actor, now: datetime) -> Extent:
    """Seal the log for an export and return how far it goes.

    :raises NotSealed: if it cannot be sealed
    """
    seal = make_seal(reason="export", by=by, now=now)
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
    found, gone = find(query), pruned().size
    numbers = None if found.numbers is None else found.numbers[::-1]
    fits = found.fitting.filter(seq__lt=extent.size)
    is_whole = not query and not gone
    return Population(fits, extent, str(query), numbers, is_whole=is_whole, pruned=gone)


def numbered(numbers: Iterable[int], extent: Extent, asked: str) -> Population:
    """Return the entries with these numbers."""
    return Population(LogEntry.objects.all(), extent, asked, sorted(numbers))


def stored(seq: int, body: bytes | memoryview, leaf: bytes | memoryview) -> Stored:
    """Return an entry as the columns of its row hold it."""
    return Stored(seq, as_bytes(body), as_bytes(leaf))
