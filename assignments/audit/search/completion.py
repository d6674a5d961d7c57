"""Completion of a query that is being typed."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.contrib.auth import get_user_model

from assignments.audit.entries.sentences import SENTENCES, action_words
from assignments.audit.search.date_ranges import Span, named_periods
from assignments.audit.search.query import FIELDS, OUTCOMES, SHOW, STEPS, ParsedValue, Term
from assignments.models import Content
from assignments.models.sql.text_folding import fold

MAX_COMPLETIONS: Final = 8
RESULTS: Final = (
    "created",
    "rejected",
    "unknown",
    "confirmed",
    "skipped",
    "cancelled",
    "paused",
    "refused",
)
_LAST_TERM: Final = re.compile(r'(?:^|(?<=\s))(-?)(?:([A-Za-z]+):)?("[^"]*|[^\s"]*)$')


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion: the completed query, the text that it inserts, and a hint about its meaning."""

    query: str
    inserted: str
    hint: str


def complete_query(text: str, *, today: date) -> list[Completion]:
    """Return completions of the last term, the likeliest first.

    :param today: the organisation's date, for words such as last-month
    """
    match = _LAST_TERM.search(text)
    if match is None:
        return []
    before, minus, name = text[: match.start()], match[1], (match[2] or "").lower()
    typed = fold(match[3].lstrip('"'))
    if not name and match[3].startswith('"'):
        return []
    if not name:
        fields = [(f"{field}:", hint) for field, hint in FIELDS.items() if field.startswith(typed)]
        return [
            Completion(f"{before}{minus}{inserted}", inserted, hint) for inserted, hint in fields
        ]
    values = _VALUES.get(name, _no_values)(typed, today)
    terms = [
        (str(Term(field=name, value=value, parsed_value=value)), hint) for value, hint in values
    ]
    return [
        Completion(f"{before}{minus}{inserted} ", inserted, hint)
        for inserted, hint in terms[:MAX_COMPLETIONS]
    ]


type _Values = Iterable[tuple[str, str]]


def _no_values(_typed: str, _today: date) -> _Values:
    return ()


def _people(typed: str, _today: date) -> _Values:
    users = get_user_model().objects.order_by("name", "pk").values_list("pk", "name")
    actors = [*((f"user/{pk}", name) for pk, name in users), ("system", "The system")]
    return [(ref, name) for ref, name in actors if typed in fold(name) or typed in ref]


def _actions(typed: str, _today: date) -> _Values:
    prefixes = sorted({action.partition(".")[0] for action in SENTENCES})
    groups = [(prefix, f"everything about “{prefix}”") for prefix in prefixes]
    if not typed:
        return groups
    values = [*groups, *((action, action_words(action)) for action in sorted(SENTENCES))]
    return [(value, hint) for value, hint in values if typed in value or typed in hint.lower()]


def _results(typed: str, _today: date) -> _Values:
    return [(result, "") for result in RESULTS if result.startswith(typed)]


def _periods(typed: str, today: date) -> _Values:
    periods = named_periods(today).items()
    return [(word, describe_dates(Span(*days))) for word, days in periods if word.startswith(typed)]


def _shown(typed: str, _today: date) -> _Values:
    values = ((OUTCOMES, "without technical steps"), (STEPS, "technical steps alone"))
    return [(value, hint) for value, hint in values if value.startswith(typed)]


def _contents(typed: str, _today: date) -> _Values:
    matches = Content.objects.filter(search_text__contains_text=typed).order_by("title", "pk")
    contents = matches.exclude(external_reference="").values_list("external_reference", "title")
    return list(contents[:MAX_COMPLETIONS])


def describe_dates(value: ParsedValue) -> str:
    """Format a span of dates as in "1 Oct 2026 – 31 Oct 2026"; empty for other values."""
    if not isinstance(value, Span):
        return ""
    ends = [_format_day(end) for end in (value.first, value.last) if isinstance(end, date)]
    if len(ends) == 1:
        return f"{'from' if value.first else 'until'} {ends[0]}"
    return " – ".join(dict.fromkeys(ends))


def _format_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


_VALUES: Final[Mapping[str, Callable[[str, date], _Values]]] = {
    "by": _people,
    "action": _actions,
    "result": _results,
    "when": _periods,
    "due": _periods,
    "content": _contents,
    SHOW: _shown,
}
