"""The query language of the log: words and `field:value` terms on one line.

    elif "fire safety" by:daniel -result:created when:last-month

An entry must match every term; a minus before a term excludes its matches. A quoted value may
contain spaces and is never read as a field.
"""

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from assignments.audit.search.date_ranges import Span

TEXT: Final = "text"
FIELDS: Final = {
    "by": "who did it: a name, e-mail address, or a ref such as user/2",
    "person": "who it is about: a name, e-mail address, employee ID, or a ref such as learner/12",
    "content": "the course, video or document: its title or reference",
    "batch": "the number of a batch, such as B-0417",
    "action": "what happened, such as created, batch or assignment.created",
    "result": "how it ended, such as rejected",
    "when": "the day it was recorded: 2026-10-31, 2026-10, 2026-10-01..2026-10-31, last-month",
    "due": "the day by which something is due, written like when:",
    "entry": "the number of an entry, or 100..200",
    "request": "the ID of a request, as entries and the service's own log show it",
    "about": "the subject of the entry, such as assignment/3",
    "show": "outcomes: all but technical steps, which are one entry for many rows; or steps alone",
}
SHOW: Final = "show"
OUTCOMES: Final = "outcomes"
STEPS: Final = "steps"
NAMES_STEPS: Final = frozenset({SHOW, "action", "entry", "request"})
# Fields whose value may be a name or an e-mail address.
PERSONAL: Final = frozenset({TEXT, "by", "person"})
BATCH_PATTERN: Final = re.compile(r"(?:b-|batch/)?0*(\d{1,12})", re.IGNORECASE | re.ASCII)
REF_PATTERN: Final = re.compile(r"[a-z]+/\S+|system")
_SHORTHAND: Final = re.compile(r"#[\d,]+|[bB]-\d+", re.ASCII)
_NAMED: Final = re.compile(r"[A-Za-z]+:")
type ParsedValue = Span[date] | Span[int] | frozenset[str] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a query.

    :ivar value: as typed, without quotes
    :ivar start: where the term begins in the text of the query
    """

    field: str
    value: str
    parsed_value: ParsedValue
    is_negated: bool = False
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        name = "" if self.field == TEXT else f"{self.field}:"
        return f"{'-' if self.is_negated else ''}{name}{self._quoted_value()}"

    @property
    def is_personal(self) -> bool:
        """Whether the value may name a person; a ref does not."""
        return self.field in PERSONAL and not REF_PATTERN.fullmatch(self.value)

    def redacted(self) -> str:
        """Return the term as typed, with a value that may name a person replaced by an ellipsis."""
        return str(replace(self, value="…")) if self.is_personal else str(self)

    def _quoted_value(self) -> str:
        value = self.value
        is_plain = not re.search(r"\s", value) and not value.startswith('"')
        if self.field == TEXT:
            is_plain = is_plain and not value.startswith("-") and not _NAMED.match(value)
            is_plain = is_plain and not _SHORTHAND.fullmatch(value)
        if is_plain:
            return value
        return '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query: an entry matches if it matches every term. No terms match the whole log."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def without(self, *removed: Term) -> "Query":
        """Return the query without these terms."""
        return Query(tuple(term for term in self.terms if term not in removed))

    def with_outcomes_only(self) -> "Query":
        """Return the query without technical steps, unless it says what to show or asks for them.

        Whoever names an action, an entry or a request wants to see it.
        """
        if any(term.field in NAMES_STEPS and not term.is_negated for term in self.terms):
            return self
        return Query((*self.terms, Term(field=SHOW, value=OUTCOMES, parsed_value=OUTCOMES)))

    def redacted(self) -> str:
        """Return the query as typed, without values that may name a person."""
        return " ".join(term.redacted() for term in self.terms)

    @property
    def is_personal(self) -> bool:
        """Whether the value of a term may name a person."""
        return any(term.is_personal for term in self.terms)


def matching_actions(value: str, actions: Collection[str]) -> frozenset[str]:
    """Return the actions named in full, as `batch.held`, or by either half, `batch` or `held`."""
    name = value.lower().replace("-", "_")
    return frozenset(action for action in actions if name in {action, *action.split(".")})
