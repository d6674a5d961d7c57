"""The scope of an export: the entries matching a query, in the log as it was at one moment."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from assignments.audit.entries.actors import Actor
from assignments.audit.entries.readable import body_of
from assignments.audit.entries.row_numbers import STARTED, started_in
from assignments.audit.integrity.alarm import logger
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
from assignments.models.sql.bulk import release_memory

# Entries read at once; larger chunks no longer fit the processor's cache and take longer per entry.
CHUNK: Final = 128
Progress = Callable[[int], object]
# Tuples of a number and the columns that the caller names: their types depend on the names.
type Columns = tuple[Any, ...]
type Rows = QuerySet[LogEntry, Columns]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The seal that an export is proven against, and the key that signs the export."""

    seal: LogSeal
    key: SigningKey


@dataclass(frozen=True, slots=True)
class LogExtent:
    """The log's tree when the export was requested, and the seal over it, if there is one."""

    tree: Frontier
    sealed: Sealed | None = None

    @property
    def size(self) -> int:
        """The number of entries in the log, pruned ones included."""
        return self.tree.size


class StoredEntry(NamedTuple):
    """An entry as stored: its number, canonical JSON and leaf hash."""

    seq: int
    body: bytes
    leaf: bytes


@dataclass(frozen=True, slots=True)
class ExportScope:
    """The entries of an export in ascending order; searched once, read as often as needed.

    :ivar matches: the query that selects exactly these entries
    :ivar search: the search they were selected by, as typed
    :ivar numbers: candidate numbers that include all of them, ascending, if an index gave them
    :ivar is_whole_log: whether it is every entry and none was pruned
    :ivar pruned: how many entries were pruned from the log before
    """

    matches: QuerySet[LogEntry]
    extent: LogExtent
    search: str
    numbers: Sequence[int] | None = None
    is_whole_log: bool = False
    pruned: int = 0

    @property
    def entries(self) -> QuerySet[LogEntry]:
        """All entries as one queryset, in no order."""
        if self.numbers is None:
            return self.matches
        return self.matches.filter(seq__in_list=list(self.numbers))

    def count(self) -> int:
        """Count the entries."""
        return self.entries.count()

    def chunks(self, progress: Progress = lambda _: None) -> Iterator[list[StoredEntry]]:
        """Yield the entries in chunks, so that memory does not grow with their number.

        :param progress: is called after each chunk with the number of entries in it
        """
        for rows in self.columns(progress, "body", "leaf"):
            yield [stored_entry(*row) for row in rows]

    def seqs(self, progress: Progress = lambda _: None) -> Iterator[int]:
        """Yield the entries' numbers."""
        for rows in self.columns(progress):
            yield from (seq for (seq,) in rows)

    def columns(self, progress: Progress, *columns: str) -> Iterator[list[Columns]]:
        """Yield tuples of number and the columns, in chunks."""
        rows: Rows = self.matches.order_by("seq").values_list("seq", *columns)
        for chunk in _in_keyset_chunks(rows) if self.numbers is None else self._by_number(rows):
            yield chunk
            release_memory()
            progress(len(chunk))

    def _by_number(self, rows: Rows) -> Iterator[list[Columns]]:
        for numbers in batched(self.numbers or (), CHUNK):
            yield list(rows.filter(seq__in_list=list(numbers)))


def _in_keyset_chunks(rows: Rows) -> Iterator[list[Columns]]:
    after = -1
    while chunk := list(rows.filter(seq__gt=after)[:CHUNK]):
        yield chunk
        after = chunk[-1][0]


def seal_now(*, by: Actor, now: datetime) -> LogExtent:
    """Seal the log for an export and return its extent.

    :raises NotSealed: if it cannot be sealed
    """
    seal = make_seal(reason="export", by=by, now=now)
    return LogExtent(frontier_at(seal.size, tiles.Tiles()), Sealed(seal, signing_key()))


def seal_if_possible(*, by: Actor, now: datetime) -> LogExtent:
    """Seal the log for an export; if it cannot be sealed, return its extent without a seal."""
    try:
        return seal_now(by=by, now=now)
    except NotSealed as refusal:
        logger.warning("An export is written without a seal. %s", refusal)
        return unsealed_extent()


def unsealed_extent() -> LogExtent:
    """Return the log's current extent, without a seal."""
    head = LogHead.objects.get()
    return LogExtent(Frontier.from_bytes(head.size, bytes(head.frontier)))


def select_entries(query: Query, extent: LogExtent) -> ExportScope:
    """Return the scope of the entries that match a query, up to the size of the extent."""
    result, pruned_size = find(query), pruned().size
    numbers = None if result.candidates is None else result.candidates[::-1]
    matches = result.matches.filter(seq__lt=extent.size)
    is_whole_log = not query and not pruned_size
    return ExportScope(
        matches, extent, str(query), numbers, is_whole_log=is_whole_log, pruned=pruned_size
    )


def select_numbers(numbers: Iterable[int], extent: LogExtent, search: str) -> ExportScope:
    """Return the scope of the entries with these numbers.

    :param search: what the export states as its search
    """
    return ExportScope(LogEntry.objects.all(), extent, search, sorted(numbers))


def with_started_calls(scope: ExportScope) -> ExportScope:
    """Add the entries that say when the calls of the scope's entries were started.

    They name many rows and nobody, so that a search for a person does not find them. Entries that
    are too many for an index, or the whole log, stay as they are.
    """
    if scope.numbers is None:
        return scope
    stored = [entry for chunk in scope.chunks() for entry in chunk]
    named = set[int]().union(*(started_in(body_of(entry.seq, entry.body)) for entry in stored))
    started = LogEntry.objects.filter(seq__in_list=sorted(named), action=STARTED)
    numbers = {entry.seq for entry in stored}.union(started.values_list("seq", flat=True))
    within = sorted(seq for seq in numbers if seq < scope.extent.size)
    return replace(scope, matches=LogEntry.objects.all(), numbers=within)


def stored_entry(seq: int, body: bytes | memoryview, leaf: bytes | memoryview) -> StoredEntry:
    """Return an entry from the columns of its row."""
    return StoredEntry(seq, as_bytes(body), as_bytes(leaf))
