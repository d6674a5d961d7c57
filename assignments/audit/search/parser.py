"""Parse a query of the log, with errors that point at the faulty characters."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Final

from assignments.audit.entries.sentences import SENTENCES
from assignments.audit.search import date_ranges
from assignments.audit.search.date_ranges import InvalidValue
from assignments.audit.search.query import (
    BATCH_PATTERN,
    FIELDS,
    OUTCOMES,
    SHOW,
    STEPS,
    TEXT,
    ParsedValue,
    Query,
    Term,
    matching_actions,
)
from assignments.models.sql.text_cleaning import clean, remove_invisible
from assignments.models.sql.text_folding import fold
from assignments.models.sql.trigram_index import GRAM_LENGTH

MAX_LENGTH: Final = 500
MAX_TERMS: Final = 20
_TERM: Final = re.compile(
    r"""(?P<minus>-(?=\S))? (?:(?P<name>[A-Za-z]+):)?
    (?:"(?P<quoted>(?:[^"\\]|\\.)*)(?P<closed>"?) | (?P<bare>\S*))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ENTRY: Final = re.compile(r"#[\d,]*\d[\d,]*", re.ASCII)
_B_NUMBER: Final = re.compile(r"[bB]-\d+", re.ASCII)
# Characters that databases refuse in text: NUL and lone surrogates.
_NOT_STORABLE: Final = re.compile("[\0\ud800-\udfff]")


class QuerySyntaxError(ValueError):
    """A query cannot be parsed: a sentence that says why, and where in `query` the fault is."""

    def __init__(self, sentence: str, query: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.query, self.start, self.end = query, start, end

    @property
    def parts(self) -> tuple[str, str, str]:
        """The query split into the text before the fault, the fault and the text after it."""
        return self.query[: self.start], self.query[self.start : self.end], self.query[self.end :]

    def with_pointer(self) -> str:
        """Return the sentence, the query below it, and carets under the fault."""
        marks = " " * self.start + "^" * max(self.end - self.start, 1)
        return f"{self} (at character {self.start + 1})\n  {self.query}\n  {marks}"


def parse(text: str, *, today: date) -> Query:
    """Parse a query.

    :param today: the organisation's date, from which words such as last-month count
    :raises QuerySyntaxError: if a term cannot be parsed
    """
    text = re.sub(r"\s", " ", remove_invisible(_NOT_STORABLE.sub(" ", text)))
    if len(text) > MAX_LENGTH:
        sentence = f"A search has at most {MAX_LENGTH} characters. Remove these."
        raise QuerySyntaxError(sentence, text, MAX_LENGTH, len(text))
    terms: list[Term] = []
    at = _skip_spaces(text, 0)
    while at < len(text):
        match = _TERM.match(text, at)
        assert match is not None  # noqa: S101  every part of the pattern may be empty
        if len(terms) == MAX_TERMS:
            sentence = f"A search has at most {MAX_TERMS} terms. Remove this one."
            raise QuerySyntaxError(sentence, text, at, match.end())
        terms.append(_parse_term(text, match, today))
        at = _skip_spaces(text, match.end())
    return Query(tuple(terms))


def _skip_spaces(text: str, at: int) -> int:
    return len(text) - len(text[at:].lstrip(" "))


def _parse_term(text: str, match: re.Match[str], today: date) -> Term:
    name, value = _parse_field(text, match), clean(_unquote(text, match))
    if not match["name"] and match["quoted"] is None:
        name = "entry" if _ENTRY.fullmatch(value) else name
        name = "batch" if _B_NUMBER.fullmatch(value) else name
    shift = match.start("bare") if match["bare"] is not None else None
    try:
        parsed_value = _VALUE_PARSERS.get(name, _parse_words)(value, today)
    except InvalidValue as error:
        start, end = match.start("name" if match["name"] else 0), match.end()
        if shift is not None and error.end > error.start:
            start, end = shift + error.start, shift + error.end
        raise QuerySyntaxError(str(error), text, start, end) from error
    return Term(
        field=name,
        value=value,
        parsed_value=parsed_value,
        is_negated=bool(match["minus"]),
        start=match.start(),
        end=match.end(),
    )


def _parse_field(text: str, match: re.Match[str]) -> str:
    if match["name"] is None:
        return TEXT
    name = match["name"].lower()
    if name in FIELDS:
        return name
    near = get_close_matches(name, FIELDS, n=1)
    hint = f"Did you mean {near[0]}:?" if near else f"The fields are {', '.join(FIELDS)}."
    sentence = f"There is no field {name}:. {hint} To search for it as text, put it in quotes."
    raise QuerySyntaxError(sentence, text, match.start("name"), match.end("name") + 1)


def _unquote(text: str, match: re.Match[str]) -> str:
    if match["quoted"] is None:
        value = match["bare"]
    elif match["closed"]:
        value = _ESCAPED.sub(r"\1", match["quoted"])
    else:
        start = match.start("quoted") - 1
        sentence = "A quotation mark is missing at the end of this value."
        raise QuerySyntaxError(sentence, text, start, len(text))
    if not value.strip():
        name = (match["name"] or "").lower()
        sentence = f"After {name}: comes {FIELDS[name]}." if name else "This term is empty."
        raise QuerySyntaxError(sentence, text, match.start(), match.end())
    return value


def _parse_words(value: str, _today: date) -> ParsedValue:
    if not fold(value).strip():
        raise InvalidValue("This has no letter or digit to search for.", 0, len(value))
    return value


def _parse_content(value: str, _today: date) -> ParsedValue:
    if len(fold(value).strip()) < GRAM_LENGTH:
        sentence = f"Write at least {GRAM_LENGTH} letters of the title or the reference."
        raise InvalidValue(sentence, 0, len(value))
    return value


def _parse_dates(value: str, today: date) -> ParsedValue:
    return date_ranges.parse_dates(value, today)


def _parse_numbers(value: str, _today: date) -> ParsedValue:
    return date_ranges.parse_numbers(value)


def _parse_batch(value: str, _today: date) -> ParsedValue:
    match = BATCH_PATTERN.fullmatch(value)
    if match is None:
        raise InvalidValue("Write the number of a batch, such as B-0417.", 0, len(value))
    return f"batch/{match[1]}"


def _parse_actions(value: str, _today: date) -> ParsedValue:
    actions = matching_actions(value, SENTENCES)
    if actions:
        return actions
    names = {part for action in SENTENCES for part in (action, *action.split("."))}
    near = get_close_matches(value.lower(), sorted(names), n=1)
    hint = f"Did you mean {near[0]}?" if near else "Try created, rejected, batch or log."
    raise InvalidValue(f"There is no action “{value}”. {hint}", 0, len(value))


def _parse_show(value: str, _today: date) -> ParsedValue:
    if value.lower() not in {OUTCOMES, STEPS}:
        raise InvalidValue("Write show:outcomes or show:steps.", 0, len(value))
    return value.lower()


_VALUE_PARSERS: Final[Mapping[str, Callable[[str, date], ParsedValue]]] = {
    "content": _parse_content,
    "when": _parse_dates,
    "due": _parse_dates,
    "entry": _parse_numbers,
    "batch": _parse_batch,
    "action": _parse_actions,
    SHOW: _parse_show,
}
