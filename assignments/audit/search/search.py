"""Find the entries that match a query, newest first, page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from django.db.models import F, QuerySet

from assignments.audit.entries.readable import ReadableEntry, readable_entries
from assignments.audit.search import tuning
from assignments.audit.search.candidates import candidates_of_all, rarest, scan
from assignments.audit.search.filters import TermFilter, build_filter
from assignments.audit.search.query import Query, Term
from assignments.models import LogEntry, LogHead

_MAX_SUGGESTIONS: Final = 5


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The entries that match a query, with the cheapest way to read and to count them.

    :ivar matches: the query that selects exactly the matching entries
    :ivar candidates: numbers that include all matches, newest first, if at most MAX_CANDIDATES
    :ivar sample: some of more than MAX_CANDIDATES candidates, to count up to a cap
    :ivar is_exact: whether every candidate is a match
    :ivar scan_filter: a filter that all matches meet and whose index returns the newest first
    :ivar tail: the length of the log's end that holds more than COUNT_CAP matches by estimate
    """

    matches: QuerySet[LogEntry]
    candidates: Sequence[int] | None = None
    sample: Sequence[int] = ()
    is_exact: bool = False
    scan_filter: TermFilter | None = None
    tail: int = 0

    @property
    def entries(self) -> QuerySet[LogEntry]:
        """All matching entries, in no order."""
        return self.matches if self.candidates is None else self._matches_among(self.candidates)

    def fetch_newest(self, *, before: int | None = None, limit: int = 50) -> list[ReadableEntry]:
        """Return the newest matches, only those with a number below `before` if it is set."""
        if self.candidates is not None:
            older = [seq for seq in self.candidates if before is None or seq < before]
            return readable_entries(self._first_matches(_growing_slices(older, 2 * limit), limit))
        if self.sample or self.scan_filter:
            end = LogHead.entries() if before is None else before
            return readable_entries(self._read_tail(end, limit) or self._read_index(end, limit))
        matches = self.matches if before is None else self.matches.filter(seq__lt=before)
        return readable_entries(matches.order_by("-seq")[:limit])

    def fetch_page(
        self, *, before: int | None, limit: int
    ) -> tuple[list[ReadableEntry], int | None]:
        """Return the newest matches, and `before` of the next page, None if there is none."""
        lines = self.fetch_newest(before=before, limit=limit + 1)
        return lines[:limit], lines[limit - 1].seq if len(lines) > limit else None

    def _read_tail(self, end: int, limit: int) -> list[LogEntry]:
        """Return the newest matches if the TAIL before `end` has enough of them, else nothing."""
        tail = self.matches.filter(seq__lt=end, seq__gte=end - tuning.TAIL)
        entries = list(tail.order_by("-seq")[:limit])
        return entries if len(entries) == limit else []

    def _read_index(self, end: int, limit: int) -> list[LogEntry]:
        if self.scan_filter:
            sizes = chain([10 * limit, 100 * limit], repeat(tuning.SCAN_STEP))
            return self._first_matches(scan(self.scan_filter, end, sizes), limit)
        # The sum keeps PostgreSQL from reading the log backwards in the hope of early matches.
        older = self.matches.filter(seq__lt=end).order_by((F("seq") + 0).desc())
        return list(older[:limit])

    def _first_matches(self, groups: Iterator[Sequence[int]], limit: int) -> list[LogEntry]:
        entries: list[LogEntry] = []
        for numbers in groups:
            entries += self._matches_among(numbers).order_by("-seq")[: limit - len(entries)]
            if len(entries) == limit:
                break
        return entries

    def count(self, cap: int = tuning.COUNT_CAP) -> tuple[int, bool]:
        """Return the number of matches, at most `cap`, and whether there are more."""
        count = self._count_up_to(cap)
        return min(count, cap), count > cap

    def _count_up_to(self, cap: int) -> int:
        """Return the number of matches, or any number above `cap`."""
        if self.candidates is not None:
            return len(self.candidates) if self.is_exact else _count_up_to(self.entries, cap)
        if self.tail and (count := self._count_tail(cap)) > cap:
            return count
        if len(self.sample) > cap:
            sample = self._matches_among(self.sample)
            count = len(self.sample) if self.is_exact else _count_up_to(sample, cap)
            if count > cap:
                return count
        return (
            self._count_byscan(self.scan_filter, cap)
            if self.scan_filter
            else _count_up_to(self.matches, cap)
        )

    def _count_tail(self, cap: int) -> int:
        # In small steps, or PostgreSQL would use the index that collects all candidates first.
        end, count = LogHead.entries(), 0
        for start in range(end - tuning.TAIL, end - self.tail, -tuning.TAIL):
            count += self.matches.filter(seq__gte=start, seq__lt=start + tuning.TAIL).count()
            if count > cap:
                break
        return count

    def _count_byscan(self, scan_filter: TermFilter, cap: int) -> int:
        count = 0
        for numbers in scan(scan_filter, LogHead.entries(), repeat(tuning.SCAN_STEP)):
            count += self._matches_among(numbers).count()
            if count > cap:
                break
        return count

    def _matches_among(self, numbers: Sequence[int]) -> QuerySet[LogEntry]:
        return self.matches.filter(seq__in_list=list(numbers))


def find(query: Query) -> SearchResult:
    """Find the entries that match every term of the query.

    Databases estimate badly how many entries a word or a person matches. So each index is asked
    for one more candidate than MAX_CANDIDATES: if it has no more, only these are rechecked; if
    every index has, matches are frequent and the newest are read from the end of the log.
    """
    filters = [(term, build_filter(term)) for term in query.terms]
    entries = LogEntry.objects.filter(
        *(~each.condition if term.is_negated else each.condition for term, each in filters)
    )
    indexed = [
        each
        for term, each in filters
        if not term.is_negated and (each.index_conditions or each.text)
    ]
    if not indexed:
        return SearchResult(entries)
    if any(each.is_slow_if_common for each in indexed) and (tail := _estimate_tail(entries)):
        return SearchResult(entries, tail=tail)
    is_exact = len(filters) == 1 and indexed[0].is_exact
    candidates, sample = candidates_of_all(indexed, tuning.MAX_CANDIDATES)
    if candidates is not None:
        return SearchResult(entries, sorted(candidates, reverse=True), is_exact=is_exact)
    scan_filter = rarest(indexed, tuning.COMPARED_ENTRIES)
    # With several terms too few candidates of one may match the others to be a useful sample.
    numbers = () if scan_filter and indexed[1:] else sorted(sample)[: tuning.MAX_CANDIDATES + 1]
    return SearchResult(entries, sample=numbers, is_exact=is_exact, scan_filter=scan_filter)


def suggest_removals(query: Query) -> list[tuple[Term, int, bool]]:
    """Return the terms whose removal gives matches, with the count of these and if it is capped.

    For a query without matches; only the first terms of a long one are tried.
    """
    if len(query.terms) == 1:
        return []
    counts = [(term, *find(query.without(term)).count()) for term in query.terms[:_MAX_SUGGESTIONS]]
    return [(term, count, is_capped) for term, count, is_capped in counts if count]


def fetch_entry(seq: int) -> ReadableEntry | None:
    """Return the entry with this number."""
    return next(iter(readable_entries(LogEntry.objects.filter(seq=seq))), None)


def _estimate_tail(entries: QuerySet[LogEntry]) -> int:
    """Estimate how long a tail holds more than COUNT_CAP matches; 0 if an index is faster."""
    size = LogHead.entries()
    if size < tuning.LONG_LOG:
        return 0
    tail_matches = entries.filter(seq__gte=size - tuning.TAIL).count()
    return (
        2 * tuning.COUNT_CAP * tuning.TAIL // tail_matches
        if tail_matches >= tuning.MIN_TAIL_MATCHES
        else 0
    )


def _count_up_to(entries: QuerySet[LogEntry], cap: int) -> int:
    return entries.values("seq")[: cap + 1].count()


def _growing_slices(numbers: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Yield slices of the numbers, each ten times as long as the one before."""
    start = 0
    while start < len(numbers):
        yield numbers[start : start + size]
        start, size = start + size, 10 * size
