"""Finding entries: newest first, page by page, by a query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from django.db.models import F, QuerySet

from assignments.audit.entries.readable import ReadableEntry, readable_entries
from assignments.audit.search.filters import Fit, fit
from assignments.audit.search.query import Query, Term
from assignments.models import LogEntry, LogHead
from assignments.models.sql.trigram_index import ENTRIES

CAP: Final = 10_000
# So many numbers are cheaper to look at one by one than the log is to read from its end.
FEW: Final = 20_000
# So many times as many numbers are not asked for to leave out some of those that are known.
_DEARER: Final = 5
_MOST_LOOKED_AT: Final = 5
# So many entries of the end of the log are read before an index is asked, and so many numbers are
# looked at together.
NEAR: Final = 20_000
STEP: Final = 20_000
# In a log as long as this an index that tells all before the first is slower than to read 800,000
# entries, which is enough to count to the cap where so many of those near fit.
LONG: Final = 2_000_000
DENSE: Final = 500
# Of two terms the one whose so many newest numbers go further back is met by fewer entries. What
# somebody did in one go is together, so that a few tell nothing.
COMPARED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Found:
    """The entries that fit, in no order yet.

    :ivar fitting: as the database tells them from all others
    :ivar numbers: those among which all of them are, newest first, if they are not very many
    :ivar sample: numbers of some that may fit, if they are very many
    :ivar is_exact: whether every number is of one that fits
    :ivar walked: what they all meet and indexes tell from the newest on, if they are very many
    :ivar enough: among so many of the last entries more than the cap seem to fit
    """

    fitting: QuerySet[LogEntry]
    numbers: Sequence[int] | None = None
    sample: Sequence[int] = ()
    is_exact: bool = False
    walked: Fit | None = None
    enough: int = 0

    @property
    def entries(self) -> QuerySet[LogEntry]:
        """All of them."""
        return self.fitting if self.numbers is None else self._among(self.numbers)

    def newest(self, *, before: int | None = None, limit: int = 50) -> list[ReadableEntry]:
        """Return the newest of them, older than the number `before` if it is given."""
        if self.numbers is not None:
            older = [seq for seq in self.numbers if before is None or seq < before]
            return readable_entries(self._newest_of(_growing(older, 2 * limit), limit))
        if self.sample or self.walked:
            end = LogHead.entries() if before is None else before
            return readable_entries(self._near(end, limit) or self._further(end, limit))
        found = self.fitting if before is None else self.fitting.filter(seq__lt=before)
        return readable_entries(found.order_by("-seq")[:limit])

    def page(self, *, before: int | None, limit: int) -> tuple[list[ReadableEntry], int | None]:
        """Return the newest of them, and the number that the next page goes on before, if any."""
        lines = self.newest(before=before, limit=limit + 1)
        return lines[:limit], lines[limit - 1].seq if len(lines) > limit else None

    def _near(self, end: int, limit: int) -> list[LogEntry]:
        """Return the newest if the end of the log has enough of them, as it mostly has."""
        near = self.fitting.filter(seq__lt=end, seq__gte=end - NEAR)
        found = list(near.order_by("-seq")[:limit])
        return found if len(found) == limit else []

    def _further(self, end: int, limit: int) -> list[LogEntry]:
        if self.walked:
            sizes = chain([10 * limit, 100 * limit], repeat(STEP))
            return self._newest_of(_walk(self.walked, end, sizes), limit)
        # By a sum, or PostgreSQL would read the log from its end on in the hope of meeting them.
        older = self.fitting.filter(seq__lt=end).order_by((F("seq") + 0).desc())
        return list(older[:limit])

    def _newest_of(self, groups: Iterator[Sequence[int]], limit: int) -> list[LogEntry]:
        found: list[LogEntry] = []
        for numbers in groups:
            found += self._among(numbers).order_by("-seq")[: limit - len(found)]
            if len(found) == limit:
                break
        return found

    def count(self, cap: int = CAP) -> tuple[int, bool]:
        """Return how many there are, and whether that is only where the counting stopped."""
        counted = self._counted(cap)
        return min(counted, cap), counted > cap

    def _counted(self, cap: int) -> int:
        if self.numbers is not None:
            return len(self.numbers) if self.is_exact else _counted(self.entries, cap)
        if self.enough:
            counted = self._counted_near(cap)
            if counted > cap:
                return counted
        if len(self.sample) > cap:
            fits = len(self.sample) if self.is_exact else _counted(self._among(self.sample), cap)
            if fits > cap:
                return fits
        return (
            self._walked_through(self.walked, cap) if self.walked else _counted(self.fitting, cap)
        )

    def _counted_near(self, cap: int) -> int:
        # A few at a time, or PostgreSQL would ask the index that tells all before the first.
        end, count = LogHead.entries(), 0
        for start in range(end - NEAR, end - self.enough, -NEAR):
            count += self.fitting.filter(seq__gte=start, seq__lt=start + NEAR).count()
            if count > cap:
                break
        return count

    def _walked_through(self, walked: Fit, cap: int) -> int:
        count = 0
        for numbers in _walk(walked, LogHead.entries(), repeat(STEP)):
            count += self._among(numbers).count()
            if count > cap:
                break
        return count

    def _among(self, numbers: Sequence[int]) -> QuerySet[LogEntry]:
        return self.fitting.filter(seq__in_list=list(numbers))


def find(query: Query) -> Found:
    """Return the entries that fit everything of the query.

    A database cannot know how many entries a word or a person leaves. So each index is asked for a
    few more numbers than are few: if it has no more, only these need to be looked at; if none
    does, so many entries fit that the newest of them are found from the end of the log.
    """
    fits = [(term, fit(term)) for term in query.terms]
    entries = LogEntry.objects.filter(
        *(~found.holds if term.is_not else found.holds for term, found in fits)
    )
    told = [found for term, found in fits if not term.is_not and (found.legs or found.words)]
    if not told:
        return Found(entries)
    if any(one.is_dear for one in told) and (enough := _enough(entries)):
        return Found(entries, enough=enough)
    is_exact = len(fits) == 1 and told[0].is_exact
    numbers, some = _in_all(told)
    if numbers is not None:
        return Found(entries, sorted(numbers, reverse=True), is_exact=is_exact)
    walked = _rarest(told)
    # Of those that fit one of several terms too few may fit the others to tell anything.
    sample = () if walked and told[1:] else sorted(some)[: FEW + 1]
    return Found(entries, sample=sample, is_exact=is_exact, walked=walked)


def without_each(query: Query) -> list[tuple[Term, int, bool]]:
    """Return the terms without which something fits, with how many entries that are.

    For a query that nothing fits; of a long one only the first terms are looked at.
    """
    if len(query.terms) == 1:
        return []
    counts = [(term, *find(query.without(term)).count()) for term in query.terms[:_MOST_LOOKED_AT]]
    return [(term, count, is_capped) for term, count, is_capped in counts if count]


def entry(seq: int) -> ReadableEntry | None:
    """Return the entry with this number."""
    return next(iter(readable_entries(LogEntry.objects.filter(seq=seq))), None)


def _enough(entries: QuerySet[LogEntry]) -> int:
    """Return among how many of the last entries more than CAP seem to fit, if that is not many."""
    size = LogHead.entries()
    if size < LONG:
        return 0
    fit_near = entries.filter(seq__gte=size - NEAR).count()
    return 2 * CAP * NEAR // fit_near if fit_near >= DENSE else 0


def _counted(entries: QuerySet[LogEntry], cap: int) -> int:
    return entries.values("seq")[: cap + 1].count()


def _in_all(fits: Sequence[Fit]) -> tuple[set[int] | None, set[int]]:
    """Return the numbers of the entries that can fit all, if an index has no more than few.

    Also returns some of the numbers that can fit the last.
    """
    found: set[int] | None = None
    numbers: set[int] = set()
    for one in fits:
        numbers = _numbers(one, FEW)
        if len(numbers) <= FEW:
            found = numbers if found is None else found & numbers
        if found is not None and len(found) <= FEW // _DEARER:
            break
    return found, numbers


def _numbers(one: Fit, most: int) -> set[int]:
    """Return the numbers of the entries that can fit, at least one more than `most` if more do."""
    found = set(ENTRIES.rows_with([one.words], most + 1)) if one.words else set()
    for leg in one.legs:
        if len(found) <= most:
            seqs = LogEntry.objects.filter(leg).values_list("seq", flat=True)
            found.update(seqs[: most + 1])
    return found


def _rarest(fits: Sequence[Fit]) -> Fit | None:
    """Return what the fewest entries seem to meet, of what can be walked through."""
    walkable = [one for one in fits if one.is_walkable]
    if not walkable[1:]:
        return next(iter(walkable), None)
    end = LogHead.entries()
    return min(walkable, key=lambda one: min(_newest(one, end, COMPARED), default=0))


def _walk(one: Fit, end: int, sizes: Iterator[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers below `end` of all entries that can fit, newest first, about so many."""
    while numbers := _newest(one, end, next(sizes)):
        yield numbers
        end = numbers[-1]


def _newest(one: Fit, end: int, most: int) -> list[int]:
    """Return the numbers below `end` of the newest entries that can fit: `most` of one index."""
    older = LogEntry.objects.filter(seq__lt=end).order_by("-seq").values_list("seq", flat=True)
    told = [list(older.filter(leg)[:most]) for leg in one.legs]
    if one.words:
        told.append(ENTRIES.newest_with(one.words, before=end, most=most))
    # Below what an index told last of it may be more of those that another one told.
    floor = max((numbers[-1] for numbers in told if len(numbers) == most), default=0)
    return sorted({seq for seq in chain(*told) if seq >= floor}, reverse=True)


def _growing(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield the numbers a few at first, because most of them mostly fit, then ten times as many."""
    at = 0
    while at < len(numbers):
        yield numbers[at : at + size]
        at, size = at + size, 10 * size
