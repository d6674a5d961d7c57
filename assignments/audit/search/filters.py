"""Translate a term of a query into database conditions and the indexes that can answer them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, cast

from django.db import connection
from django.db.models import CharField, F, Max, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.entries.technical_steps import SCHEDULED, TECHNICAL
from assignments.audit.search import tuning
from assignments.audit.search.date_ranges import Span
from assignments.audit.search.query import REF_PATTERN, SHOW, STEPS, TEXT, Term
from assignments.models import Assignment, Batch, LogEntry, PersonalValue
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import ENTRIES, GRAM_LENGTH

# The ref under which searches that may name a person are stored; it is no person's.
SEARCH_REF: Final = "search"
_ASSIGNMENT_ACTIONS: Final = sorted(name for name in SENTENCES if name.startswith("assignment."))


@dataclass(frozen=True, slots=True)
class TermFilter:
    """How to find the entries that match one term.

    Without index conditions and text, only a scan of the whole log finds them.

    :ivar condition: true for exactly the matching entries
    :ivar index_conditions: indexed conditions; each matching entry meets one or contains `text`
    :ivar text: folded text to look up in the trigram index
    :ivar is_exact: whether every row that the indexes return matches, so that no recheck is needed
    :ivar is_newest_first: whether the indexes of `index_conditions` return the newest entries first
    """

    condition: Q
    index_conditions: tuple[Q, ...] = ()
    text: str = ""
    is_exact: bool = True
    is_newest_first: bool = True

    @property
    def can_scan_newest_first(self) -> bool:
        """Whether indexes return the candidates newest first, without collecting all of them."""
        return self.is_newest_first and not (self.text and connection.vendor == "postgresql")

    @property
    def is_slow_if_common(self) -> bool:
        """Whether the index collects all candidates before it returns the first.

        PostgreSQL's trigram index takes half a second for a word in a fifth of ten million entries.
        Terms that also have index conditions are names of people, which are rarely that common.
        """
        return bool(self.text) and not self.index_conditions and connection.vendor == "postgresql"


def build_filter(term: Term) -> TermFilter:
    """Return how to find the entries that match a term; ignores whether it is negated."""
    return _FILTERS[term.field](term)


def _text(term: Term) -> TermFilter:
    """Match entries that contain the word, or whose actor or person has it in their name.

    A word shorter than a trigram is looked up in names only.
    """
    word = fold(term.value)
    names, index_conditions = _match_names(word, "person", "actor")
    if len(word) < GRAM_LENGTH:
        return TermFilter(names, index_conditions)
    contains = Q(search_text__contains_text=word) | names
    return TermFilter(contains, index_conditions, word, ENTRIES.is_exact(word))


def _content(term: Term) -> TermFilter:
    # Title and reference of the content are the last two lines of an entry's search text.
    word = fold(term.value)
    in_last_lines = Q(search_text__regex=rf"{re.escape(word)}[^\n]*(\n[^\n]*)?$")
    contains = Q(search_text__contains_text=word, action__in=_ASSIGNMENT_ACTIONS)
    return TermFilter(contains & in_last_lines, text=word, is_exact=False)


def _equal(column: str) -> Callable[[Term], TermFilter]:
    def build(term: Term) -> TermFilter:
        return _indexed(Q(**{column: term.parsed_value}))

    return build


def _person(column: str) -> Callable[[Term], TermFilter]:
    def build(term: Term) -> TermFilter:
        if REF_PATTERN.fullmatch(term.value):
            return _indexed(Q(**{column: term.value}))
        return TermFilter(*_match_names(fold(term.value), column))

    return build


def _action(term: Term) -> TermFilter:
    return _indexed(Q(action__in=sorted(cast(frozenset[str], term.parsed_value))))


def _show(term: Term) -> TermFilter:
    steps = Q(action__in=TECHNICAL) | Q(action__in=SCHEDULED, actor=SYSTEM.ref)
    return TermFilter(steps if term.parsed_value == STEPS else ~steps)


def _result(term: Term) -> TermFilter:
    return _indexed(Q(result=term.value.lower()))


def _entry(term: Term) -> TermFilter:
    numbers = cast(Span[int], term.parsed_value)
    # The lower bound must not use the index: SQLite would prefer it to the bound of a page.
    condition = Q(seq__no_index__gte=numbers.first or 0) & _within(
        "seq", replace(numbers, first=None)
    )
    return TermFilter(condition, (_within("seq", numbers),))


def _when(term: Term) -> TermFilter:
    days = cast(Span[date], term.parsed_value)
    ends: dict[str, datetime] = {}
    if days.first:
        ends["gte"] = _midnight(days.first)
    if days.last:
        ends["lt"] = _midnight(days.last + timedelta(days=1))
    at_condition = Q(**{f"at__{end}": moment for end, moment in ends.items()})
    condition = Q(**{f"at__no_index__{end}": moment for end, moment in ends.items()})
    if "lt" in ends and _are_many(LogEntry.objects.filter(at__gte=ends["lt"])):
        # Entries are read from the end of the log, so skip the later ones. The sum keeps PostgreSQL
        # from searching for the maximum entry by entry.
        last = LogEntry.objects.filter(at_condition).aggregate(last=Max(F("seq") + 0))["last"]
        condition &= Q(seq__lte=last or 0)
    return TermFilter(condition, (at_condition,), is_newest_first=False)


def _are_many(later: QuerySet[LogEntry]) -> bool:
    """Return whether there are more than MAX_LATER_ENTRIES."""
    return later.values("seq")[: tuning.MAX_LATER_ENTRIES + 1].count() > tuning.MAX_LATER_ENTRIES


def _due(term: Term) -> TermFilter:
    """Match entries of batches with a single due date, and of assignments with their own."""
    within = _within("due_date", cast(Span[date], term.parsed_value))
    batches = Batch.objects.filter(within, number__isnull=False, has_several_due_dates=False)
    rows = Assignment.objects.filter(within, batch__has_several_due_dates=True)
    index_conditions = (
        Q(batch__in=[f"batch/{number}" for number in batches.values_list("number", flat=True)]),
        Q(
            subject__in=rows.values_list(
                Concat(Value("assignment/"), Cast("pk", CharField())), flat=True
            )
        ),
    )
    return TermFilter(
        index_conditions[0] | index_conditions[1], index_conditions, is_newest_first=False
    )


def _indexed(condition: Q) -> TermFilter:
    return TermFilter(condition, (condition,))


def _within[Point: (date, int)](column: str, span: Span[Point]) -> Q:
    ends = {"gte": span.first, "lte": span.last}
    return Q(**{f"{column}__{end}": point for end, point in ends.items() if point is not None})


def _match_names(word: str, *columns: str) -> tuple[Q, tuple[Q, ...]]:
    """Return the condition that a column refers to a person whose name contains the word.

    Also returns it once more for each column, in the form that uses the index.
    """
    values = PersonalValue.objects.filter(search_text__contains_text=word)
    names = values.exclude(field="ip").exclude(ref=SEARCH_REF)
    refs, condition = sorted(set(names.values_list("ref", flat=True))), Q(pk__in=[])
    if not refs:
        return condition, ()
    for column in columns:
        condition |= Q(**{f"{column}__no_index__in_list": refs})
    return condition, tuple(Q(**{f"{column}__in_list": refs}) for column in columns)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


_FILTERS: Final[Mapping[str, Callable[[Term], TermFilter]]] = {
    TEXT: _text,
    "by": _person("actor"),
    "person": _person("person"),
    "content": _content,
    "batch": _equal("batch"),
    "action": _action,
    "result": _result,
    "when": _when,
    "due": _due,
    "entry": _entry,
    "request": _equal("request_id"),
    "about": _equal("subject"),
    SHOW: _show,
}
