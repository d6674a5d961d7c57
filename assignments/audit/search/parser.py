"""Reading a query; whatever is typed is either understood or told where it is not."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Final

from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.search import date_ranges
from assignments.audit.search.date_ranges import NotRead
from assignments.audit.search.query import BATCH, FIELDS, TEXT, Meaning, Query, Term, actions_named
from assignments.models.sql.text_folding import folded
from assignments.models.sql.trigram_index import GRAM

LONGEST: Final = 500
MOST_TERMS: Final = 20
_TERM: Final = re.compile(
    r"""(?P<minus>-(?=\S))? (?:(?P<name>[A-Za-z]+):)?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)(?P<closed>"?) | (?P<bare>\S*))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ENTRY: Final = re.compile(r"#[\d,]*\d[\d,]*", re.ASCII)
_B_NUMBER: Final = re.compile(r"[bB]-\d+", re.ASCII)
# What no database takes as text: NUL, and halves of surrogate pairs.
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")


class NotUnderstood(ValueError):
    """A query that cannot be read: a sentence that says why, and where in the query that is."""

    def __init__(self, sentence: str, query: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.query, self.start, self.end = query, start, end

    @property
    def parts(self) -> tuple[str, str, str]:
        """The query before the place, at it and after it."""
        return self.query[: self.start], self.query[self.start : self.end], self.query[self.end :]

    def pointed(self) -> str:
        """Return the sentence with the query below it and marks under the place."""
        marks = " " * self.start + "^" * max(self.end - self.start, 1)
        return f"{self} (at character {self.start + 1})\n  {self.query}\n  {marks}"


def parse(text: str, *, today: date) -> Query:
    """Return what a query looks for; words such as last-month are seen from today.

    :raises NotUnderstood: if a part of it means nothing
    """
    text = re.sub(r"\s", " ", _NO_TEXT.sub(" ", text))
    if len(text) > LONGEST:
        sentence = f"A search has at most {LONGEST} characters; this goes on beyond that."
        raise NotUnderstood(sentence, text, LONGEST, len(text))
    terms: list[Term] = []
    at = _skipped(text, 0)
    while at < len(text):
        found = _TERM.match(text, at)
        assert found is not None  # noqa: S101  every part of the pattern may be empty  # nosec B101
        if len(terms) == MOST_TERMS:
            sentence = f"A search has at most {MOST_TERMS} parts; leave out this one."
            raise NotUnderstood(sentence, text, at, found.end())
        terms.append(_term(text, found, today))
        at = _skipped(text, found.end())
    return Query(tuple(terms))


def _skipped(text: str, at: int) -> int:
    return len(text) - len(text[at:].lstrip(" "))


def _term(text: str, found: re.Match[str], today: date) -> Term:
    name, value = _name(text, found), _value(text, found)
    if not found["name"] and found["quoted"] is None:
        name = "entry" if _ENTRY.fullmatch(value) else name
        name = "batch" if _B_NUMBER.fullmatch(value) else name
    shift = found.start("bare") if found["bare"] is not None else None
    try:
        meaning = _MEANINGS.get(name, _words)(value, today)
    except NotRead as error:
        start, end = found.start("name" if found["name"] else 0), found.end()
        if shift is not None and error.end > error.start:
            start, end = shift + error.start, shift + error.end
        raise NotUnderstood(str(error), text, start, end) from error
    return Term(
        field=name,
        value=value,
        meaning=meaning,
        is_not=bool(found["minus"]),
        start=found.start(),
        end=found.end(),
    )


def _name(text: str, found: re.Match[str]) -> str:
    if found["name"] is None:
        return TEXT
    name = found["name"].lower()
    if name in FIELDS:
        return name
    near = get_close_matches(name, FIELDS, n=1)
    hint = f"Did you mean {near[0]}:?" if near else f"There are {', '.join(FIELDS)}."
    sentence = f"There is no {name}: to search by. {hint} Put it in quotes to find it as words."
    raise NotUnderstood(sentence, text, found.start("name"), found.end("name") + 1)


def _value(text: str, found: re.Match[str]) -> str:
    if found["quoted"] is None:
        value = found["bare"]
    elif found["closed"]:
        value = _ESCAPED.sub(r"\1", found["quoted"])
    else:
        start = found.start("quoted") - 1
        sentence = "The quotation that begins here does not end; put a quotation mark after it."
        raise NotUnderstood(sentence, text, start, len(text))
    if not value.strip():
        name = (found["name"] or "").lower()
        sentence = f"After {name}: comes {FIELDS[name]}." if name else "There is nothing in it."
        raise NotUnderstood(sentence, text, found.start(), found.end())
    return value


def _words(value: str, _today: date) -> Meaning:
    if not folded(value).strip():
        raise NotRead("There is no letter in it to search for.", 0, len(value))
    return value


def _content(value: str, _today: date) -> Meaning:
    if len(folded(value).strip()) < GRAM:
        sentence = f"Write at least {GRAM} letters of the title or the reference."
        raise NotRead(sentence, 0, len(value))
    return value


def _days(value: str, today: date) -> Meaning:
    return date_ranges.days(value, today)


def _numbers(value: str, _today: date) -> Meaning:
    return date_ranges.numbers(value)


def _batch(value: str, _today: date) -> Meaning:
    found = BATCH.fullmatch(value)
    if found is None:
        raise NotRead("Write the number of a batch, such as B-0417.", 0, len(value))
    return f"batch/{found[1]}"


def _actions(value: str, _today: date) -> Meaning:
    named = actions_named(value, SENTENCES)
    if named:
        return named
    known = {part for action in SENTENCES for part in (action, *action.split("."))}
    near = get_close_matches(value.lower(), sorted(known), n=1)
    hint = f"Did you mean {near[0]}?" if near else "Try created, rejected, batch or log."
    raise NotRead(f"Nothing in the log is called “{value}”. {hint}", 0, len(value))


_MEANINGS: Final[Mapping[str, Callable[[str, date], Meaning]]] = {
    "content": _content,
    "when": _days,
    "due": _days,
    "entry": _numbers,
    "batch": _batch,
    "action": _actions,
}
