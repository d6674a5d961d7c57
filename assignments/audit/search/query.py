"""What to look for in the log, and how that is written: words and `qualifier:value`, one line.

    elif "fire safety" by:daniel -result:created when:last-month

Every part must fit; a minus before it says that it must not. A quoted part is taken as it stands.
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
    "by": "who did it: a name, an address, or a ref such as user/2",
    "person": "whom it is about: a name, an address, an employee ID, or a ref such as learner/12",
    "content": "the course, video or document: its title or reference",
    "batch": "the number of a batch, such as B-0417",
    "action": "what happened, such as created, batch or assignment.created",
    "result": "how it ended, such as rejected",
    "when": "the day it was recorded: 2026-10-31, 2026-10, 2026-10-01..2026-10-31, last-month",
    "due": "the day by which something is due, written like when:",
    "entry": "the number of an entry, or 100..200",
    "request": "the ID of a request, as entries and the service's own log show it",
    "about": "the one thing that entries are about, such as assignment/3",
}
# A term of these may hold a name or an address.
PERSONAL: Final = frozenset({TEXT, "by", "person"})
BATCH: Final = re.compile(r"(?:b-|batch/)?0*(\d{1,12})", re.IGNORECASE | re.ASCII)
REF: Final = re.compile(r"[a-z]+/\S+|system")
_SHORTHAND: Final = re.compile(r"#[\d,]+|[bB]-\d+", re.ASCII)
_NAMED: Final = re.compile(r"[A-Za-z]+:")
type Meaning = Span[date] | Span[int] | frozenset[str] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a query: `value` as written, `meaning` as understood, and where it stands."""

    field: str
    value: str
    meaning: Meaning
    is_not: bool = False
    start: int = dataclasses.field(default=0, compare=False)
    end: int = dataclasses.field(default=0, compare=False)

    def __str__(self) -> str:
        name = "" if self.field == TEXT else f"{self.field}:"
        return f"{'-' if self.is_not else ''}{name}{self._written()}"

    @property
    def is_personal(self) -> bool:
        """Whether it may name a person in clear; a ref does not."""
        return self.field in PERSONAL and not REF.fullmatch(self.value)

    def masked(self) -> str:
        """Return the term as written, without what may name a person."""
        return str(replace(self, value="…")) if self.is_personal else str(self)

    def _written(self) -> str:
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
    """Everything of it must fit; without a term it is the whole log."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def without(self, *left_out: Term) -> "Query":
        """Return the query without these terms."""
        return Query(tuple(term for term in self.terms if term not in left_out))

    def masked(self) -> str:
        """Return the query without the words that may name a person."""
        return " ".join(term.masked() for term in self.terms)

    @property
    def is_personal(self) -> bool:
        """Whether a term may name a person in clear."""
        return any(term.is_personal for term in self.terms)


def actions_named(value: str, known: Collection[str]) -> frozenset[str]:
    """Return the actions that are called so: in full, by the thing, or by what happened to it."""
    name = value.lower().replace("-", "_")
    return frozenset(action for action in known if name in {action, *action.split(".")})
