"""What may come next in a query that is being typed."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.contrib.auth import get_user_model

from assignments.audit.entries.sentences import SENTENCES, action_words
from assignments.audit.search.date_ranges import Span, named_periods
from assignments.audit.search.query import FIELDS, Meaning, Term
from assignments.models import Content
from assignments.models.sql.text_folding import folded

MOST: Final = 8
RESULTS: Final = ("created", "rejected", "unknown", "skipped", "cancelled", "paused", "refused")
_LAST: Final = re.compile(r'(?:^|(?<=\s))(-?)(?:([A-Za-z]+):)?("[^"]*|[^\s"]*)$')


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on: the whole query then, what is added to it, and what that means."""

    query: str
    added: str
    hint: str


def completions(text: str, *, today: date) -> list[Completion]:
    """Return ways to go on after what is typed, the likeliest first."""
    found = _LAST.search(text)
    if found is None:
        return []
    before, minus, name = text[: found.start()], found[1], (found[2] or "").lower()
    typed = folded(found[3].lstrip('"'))
    if not name and found[3].startswith('"'):
        return []
    if not name:
        fields = [(f"{field}:", hint) for field, hint in FIELDS.items() if field.startswith(typed)]
        return [Completion(f"{before}{minus}{added}", added, hint) for added, hint in fields]
    offers = _OFFERS.get(name, _nothing)(typed, today)
    terms = [(str(Term(field=name, value=value, meaning=value)), hint) for value, hint in offers]
    return [Completion(f"{before}{minus}{added} ", added, hint) for added, hint in terms[:MOST]]


type _Offers = Iterable[tuple[str, str]]


def _nothing(_typed: str, _today: date) -> _Offers:
    return ()


def _people(typed: str, _today: date) -> _Offers:
    users = get_user_model().objects.order_by("name", "pk").values_list("pk", "name")
    known = [*((f"user/{pk}", name) for pk, name in users), ("system", "The system")]
    return [(ref, name) for ref, name in known if typed in folded(name) or typed in ref]


def _actions(typed: str, _today: date) -> _Offers:
    things = sorted({action.partition(".")[0] for action in SENTENCES})
    named = [(thing, f"everything about “{thing}”") for thing in things]
    full = [(action, action_words(action)) for action in sorted(SENTENCES)]
    if not typed:
        return named
    known = [*named, *full]
    return [(value, hint) for value, hint in known if typed in value or typed in hint.lower()]


def _results(typed: str, _today: date) -> _Offers:
    return [(result, "") for result in RESULTS if result.startswith(typed)]


def _periods(typed: str, today: date) -> _Offers:
    named = named_periods(today).items()
    return [(word, in_words(Span(*days))) for word, days in named if word.startswith(typed)]


def _contents(typed: str, _today: date) -> _Offers:
    found = Content.objects.filter(search_text__contains_text=typed).order_by("title", "pk")
    named = found.exclude(external_reference="").values_list("external_reference", "title")
    return list(named[:MOST])


def in_words(meaning: Meaning) -> str:
    """Return days as people say them, as in "1 Oct 2026 – 31 Oct 2026"; nothing of other things."""
    if not isinstance(meaning, Span):
        return ""
    ends = [_said(end) for end in (meaning.first, meaning.last) if isinstance(end, date)]
    if len(ends) == 1:
        return f"{'from' if meaning.first else 'until'} {ends[0]}"
    return " – ".join(dict.fromkeys(ends))


def _said(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


_OFFERS: Final[Mapping[str, Callable[[str, date], _Offers]]] = {
    "by": _people,
    "action": _actions,
    "result": _results,
    "when": _periods,
    "due": _periods,
    "content": _contents,
}
