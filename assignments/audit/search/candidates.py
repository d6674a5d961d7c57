"""Candidates of a search: numbers of the entries that indexes return for the terms of a query."""

from collections.abc import Iterator, Sequence
from itertools import chain

from assignments.audit.search import tuning
from assignments.audit.search.filters import TermFilter
from assignments.models import LogEntry, LogHead
from assignments.models.sql.trigram_index import ENTRIES


def candidates_of_all(filters: Sequence[TermFilter], most: int) -> tuple[set[int] | None, set[int]]:
    """Return the candidates common to all filters; None if each filter has more than `most`.

    Also returns candidates of the last filter.
    """
    common: set[int] | None = None
    numbers: set[int] = set()
    for each in filters:
        numbers = _candidates(each, most)
        if len(numbers) <= most:
            common = numbers if common is None else common & numbers
        if common is not None and len(common) <= most // tuning.LOOKUP_COST:
            break
    return common, numbers


def _candidates(term_filter: TermFilter, most: int) -> set[int]:
    """Return the numbers of the candidates; if there are more than `most`, at least one more."""
    numbers: set[int] = set()
    if term_filter.text:
        numbers.update(ENTRIES.rows_with([term_filter.text], most + 1))
    for condition in term_filter.index_conditions:
        if len(numbers) <= most:
            seqs = LogEntry.objects.filter(condition).values_list("seq", flat=True)
            numbers.update(seqs[: most + 1])
    return numbers


def rarest(filters: Sequence[TermFilter], compared: int) -> TermFilter | None:
    """Return the scannable filter that should have the fewest candidates, if any is scannable.

    It is the one whose newest candidates, `compared` of them, reach furthest back in the log.
    """
    scannable = [each for each in filters if each.can_scan_newest_first]
    if not scannable[1:]:
        return next(iter(scannable), None)
    end = LogHead.entries()
    return min(scannable, key=lambda each: min(_newest_candidates(each, end, compared), default=0))


def scan(term_filter: TermFilter, end: int, sizes: Iterator[int]) -> Iterator[Sequence[int]]:
    """Yield all candidates below `end`, newest first, in groups of about these sizes."""
    while numbers := _newest_candidates(term_filter, end, next(sizes)):
        yield numbers
        end = numbers[-1]


def _newest_candidates(term_filter: TermFilter, end: int, most: int) -> list[int]:
    """Return the newest candidates below `end`, at most `most` from each index."""
    older = LogEntry.objects.filter(seq__lt=end).order_by("-seq").values_list("seq", flat=True)
    by_index = [list(older.filter(condition)[:most]) for condition in term_filter.index_conditions]
    if term_filter.text:
        by_index.append(ENTRIES.newest_with(term_filter.text, before=end, limit=most))
    # Below the last candidate of an index that was cut off, others would be incomplete.
    floor = max((numbers[-1] for numbers in by_index if len(numbers) == most), default=0)
    return sorted({seq for seq in chain(*by_index) if seq >= floor}, reverse=True)
