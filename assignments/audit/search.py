"""Finding entries: newest first, page by page, by a query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from assignments.audit.fitting import Fit, fit
from assignments.audit.lines import EntryLine, entry_lines
from assignments.audit.query import Query, Term
from assignments.models import LogEntry
from assignments.models.trigrams import ENTRIES

CAP: Final = 10_000
# So many numbers are cheaper to look at one by one than the log is to read from its end; and so
# many are cheaper to compare with those of another term than all entries are to read.
FEW: Final = 20_000
MANY: Final = 200_000
# So many times as many numbers are not asked for to leave out some of those that are known.
_DEARER: Final = 5
_MOST_LOOKED_AT: Final = 5


@dataclass(frozen=True, slots=True)
class Found:
    """The entries that fit, in no order yet.

    :ivar fitting: as the database tells them from all others
    :ivar numbers: those among which all of them are, newest first, if they are not very many
    :ivar sample: numbers of some that may fit, if they are very many
    :ivar is_exact: whether every number is of one that fits
    """

    fitting: QuerySet[LogEntry]
    numbers: Sequence[int] | None = None
    sample: Sequence[int] = ()
    is_exact: bool = False

    @property
    def entries(self) -> QuerySet[LogEntry]:
        """All of them."""
        return self.fitting if self.numbers is None else self._among(self.numbers)

    def newest(self, *, before: int | None = None, limit: int = 50) -> list[EntryLine]:
        """Return the newest of them, older than the number `before` if it is given."""
        if self.numbers is not None:
            older = [seq for seq in self.numbers if before is None or seq < before]
            return entry_lines(self._newest_of(older, limit))
        found = self.fitting if before is None else self.fitting.filter(seq__lt=before)
        return entry_lines(found.order_by("-seq")[:limit])

    def _newest_of(self, numbers: Sequence[int], limit: int) -> list[LogEntry]:
        # A few at first, because most of the numbers mostly fit.
        found: list[LogEntry] = []
        at, many = 0, 2 * limit
        while at < len(numbers) and len(found) < limit:
            newer = self._among(numbers[at : at + many])
            found += newer.order_by("-seq")[: limit - len(found)]
            at, many = at + many, 10 * many
        return found

    def count(self, cap: int = CAP) -> tuple[int, bool]:
        """Return how many there are, and whether that is only where the counting stopped."""
        counted = self._counted(cap)
        return min(counted, cap), counted > cap

    def _counted(self, cap: int) -> int:
        if self.numbers is not None:
            return len(self.numbers) if self.is_exact else _counted(self.entries, cap)
        if len(self.sample) > cap:
            fits = len(self.sample) if self.is_exact else _counted(self._among(self.sample), cap)
            if fits > cap:
                return fits
        return _counted(self.fitting, cap)

    def _among(self, numbers: Sequence[int]) -> QuerySet[LogEntry]:
        return self.fitting.filter(seq__among=list(numbers))


def find(query: Query) -> Found:
    """Return the entries that fit everything of the query.

    A database cannot know how many entries a word or a person leaves. So each index is asked for a
    few more numbers than are few: if it has no more, only these need to be looked at; if none
    does, so many entries fit that the newest of them are found at once from the end of the log.
    """
    fits = [(term, fit(term)) for term in query.terms]
    entries = LogEntry.objects.filter(
        *(~found.holds if term.is_not else found.holds for term, found in fits)
    )
    told = [found for term, found in fits if not term.is_not and (found.legs or found.words)]
    if not told:
        return Found(entries)
    is_exact = len(fits) == 1 and told[0].is_exact
    for most in (FEW, MANY) if len(told) > 1 else (FEW,):
        numbers, sample = _in_all(told, most)
        if numbers is not None:
            return Found(entries, sorted(numbers, reverse=True), is_exact=is_exact)
    return Found(entries, sample=sorted(sample)[: FEW + 1], is_exact=is_exact)


def without_each(query: Query) -> list[tuple[Term, int, bool]]:
    """Return the terms without which something fits, with how many entries that are.

    For a query that nothing fits; of a long one only the first terms are looked at.
    """
    if len(query.terms) == 1:
        return []
    counts = [(term, *find(query.without(term)).count()) for term in query.terms[:_MOST_LOOKED_AT]]
    return [(term, count, is_capped) for term, count, is_capped in counts if count]


def entry(seq: int) -> EntryLine | None:
    """Return the entry with this number."""
    return next(iter(entry_lines(LogEntry.objects.filter(seq=seq))), None)


def _counted(entries: QuerySet[LogEntry], cap: int) -> int:
    return entries.values("seq")[: cap + 1].count()


def _in_all(fits: Sequence[Fit], most: int) -> tuple[set[int] | None, set[int]]:
    """Return the numbers of the entries that can fit all, if an index has no more of them.

    Also returns some of the numbers that can fit the last.
    """
    found: set[int] | None = None
    numbers: set[int] = set()
    for one in fits:
        numbers = _numbers(one, most)
        if len(numbers) <= most:
            found = numbers if found is None else found & numbers
        if found is not None and len(found) <= most // _DEARER:
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
