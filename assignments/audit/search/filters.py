"""What a term of a query asks of the tables, and which index knows the entries that can fit."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, cast

from django.db import connection
from django.db.models import CharField, F, Max, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.search.date_ranges import Span
from assignments.audit.search.query import REF, TEXT, Term
from assignments.models import Assignment, Batch, LogEntry, PersonalValue
from assignments.models.sql.text_folding import folded
from assignments.models.sql.trigram_index import ENTRIES, GRAM

# The ref that the words of a search are kept under: it is nobody.
SEARCH: Final = "search"
# To look for the last entry of some days reads all of these; to read past one later one costs a
# microsecond.
READ_PAST: Final = 5_000
_OF_CONTENT: Final = sorted(name for name in SENTENCES if name.startswith("assignment."))


@dataclass(frozen=True, slots=True)
class Fit:
    """What holds for an entry that fits a term.

    Each such entry meets one of the `legs`, which indexes answer, or has the `words`, which the
    index of trigrams knows; with neither, only reading every entry tells. Who `is_exact` need not
    be looked at: whatever meets one of these fits. An index of legs that are `in_order` gives the
    newest entries first.
    """

    holds: Q
    legs: tuple[Q, ...] = ()
    words: str = ""
    is_exact: bool = True
    in_order: bool = True

    @property
    def is_walkable(self) -> bool:
        """Whether indexes give the numbers of the entries that can fit from the newest on."""
        return self.in_order and not (self.words and connection.vendor == "postgresql")

    @property
    def is_dear(self) -> bool:
        """Whether an index finds all numbers before it tells the first, and they may be many.

        PostgreSQL's of trigrams takes half a second for a word that a fifth of ten million entries
        say. What is known of people is rarely said of anything else.
        """
        return bool(self.words) and not self.legs and connection.vendor == "postgresql"


def fit(term: Term) -> Fit:
    """Return what an entry has to be like to fit the term; its minus is not looked at."""
    return _FITS[term.field](term)


def _text(term: Term) -> Fit:
    """Fit what says the word, is about somebody called so, or was done by them.

    A shorter word than the index of trigrams knows is taken for that of a person.
    """
    word = folded(term.value)
    of_people, legs = _of_people(word, "person", "actor")
    if len(word) < GRAM:
        return Fit(of_people, legs)
    says = Q(search_text__contains_text=word) | of_people
    return Fit(says, legs, word, ENTRIES.is_exact(word))


def _content(term: Term) -> Fit:
    # Title and reference of the item are the last two lines of an entry's text.
    word = folded(term.value)
    in_the_end = Q(search_text__regex=rf"{re.escape(word)}[^\n]*(\n[^\n]*)?$")
    says = Q(search_text__contains_text=word, action__in=_OF_CONTENT)
    return Fit(says & in_the_end, words=word, is_exact=False)


def _equal(column: str) -> Callable[[Term], Fit]:
    def fit_of(term: Term) -> Fit:
        return _indexed(Q(**{column: term.meaning}))

    return fit_of


def _somebody(column: str) -> Callable[[Term], Fit]:
    def fit_of(term: Term) -> Fit:
        if REF.fullmatch(term.value):
            return _indexed(Q(**{column: term.value}))
        return Fit(*_of_people(folded(term.value), column))

    return fit_of


def _action(term: Term) -> Fit:
    return _indexed(Q(action__in=sorted(cast(frozenset[str], term.meaning))))


def _result(term: Term) -> Fit:
    return _indexed(Q(result=term.value.lower()))


def _entry(term: Term) -> Fit:
    numbers = cast(Span[int], term.meaning)
    # Who reads on from an entry must begin there: of two lower ends SQLite takes the first.
    holds = Q(seq__no_index__gte=numbers.first or 0) & _within("seq", replace(numbers, first=None))
    return Fit(holds, (_within("seq", numbers),))


def _when(term: Term) -> Fit:
    days = cast(Span[date], term.meaning)
    ends: dict[str, datetime] = {}
    if days.first:
        ends["gte"] = _midnight(days.first)
    if days.last:
        ends["lt"] = _midnight(days.last + timedelta(days=1))
    leg = Q(**{f"at__{end}": moment for end, moment in ends.items()})
    holds = Q(**{f"at__no_index__{end}": moment for end, moment in ends.items()})
    if "lt" in ends and _are_many(LogEntry.objects.filter(at__gte=ends["lt"])):
        # Entries are read from the end of the log, so later ones are left aside. By a sum, or
        # PostgreSQL would look for the last one by reading one entry after the other.
        last = LogEntry.objects.filter(leg).aggregate(last=Max(F("seq") + 0))["last"]
        holds &= Q(seq__lte=last or 0)
    return Fit(holds, (leg,), in_order=False)


def _are_many(later: QuerySet[LogEntry]) -> bool:
    """Return whether reading past them costs more than to look for the last one before them."""
    return later.values("seq")[: READ_PAST + 1].count() > READ_PAST


def _due(term: Term) -> Fit:
    """Fit the entries of batches with one due date, and those of rows that have their own."""
    within = _within("due_date", cast(Span[date], term.meaning))
    batches = Batch.objects.filter(within, has_several_due_dates=False)
    rows = Assignment.objects.filter(within, batch__has_several_due_dates=True)
    legs = (
        Q(batch__in=[f"batch/{pk}" for pk in batches.values_list("pk", flat=True)]),
        Q(
            subject__in=rows.values_list(
                Concat(Value("assignment/"), Cast("pk", CharField())), flat=True
            )
        ),
    )
    return Fit(legs[0] | legs[1], legs, in_order=False)


def _indexed(holds: Q) -> Fit:
    return Fit(holds, (holds,))


def _within[Point: (date, int)](column: str, span: Span[Point]) -> Q:
    ends = {"gte": span.first, "lte": span.last}
    return Q(**{f"{column}__{end}": point for end, point in ends.items() if point is not None})


def _of_people(word: str, *columns: str) -> tuple[Q, tuple[Q, ...]]:
    """Return what holds if a column names somebody of whom the word is known, and its legs."""
    known = PersonalValue.objects.filter(search_text__contains_text=word)
    found = set(known.exclude(field="ip").exclude(ref=SEARCH).values_list("ref", flat=True))
    refs, holds = sorted(found), Q(pk__in=[])
    if not refs:
        return holds, ()
    for column in columns:
        holds |= Q(**{f"{column}__no_index__in_list": refs})
    return holds, tuple(Q(**{f"{column}__in_list": refs}) for column in columns)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


_FITS: Final[Mapping[str, Callable[[Term], Fit]]] = {
    TEXT: _text,
    "by": _somebody("actor"),
    "person": _somebody("person"),
    "content": _content,
    "batch": _equal("batch"),
    "action": _action,
    "result": _result,
    "when": _when,
    "due": _due,
    "entry": _entry,
    "request": _equal("request_id"),
    "about": _equal("subject"),
}
