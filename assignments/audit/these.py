"""Checking the entries that a search finds: each by itself, and against the newest seal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit import breaks, seals
from assignments.audit.actors import Actor
from assignments.audit.alarm import raise_alarm
from assignments.audit.checking import Row, fault_of
from assignments.audit.log import Event, record
from assignments.audit.one_entry import NO_ROWS, fault_of_seal
from assignments.audit.proofs import included_root, inclusion
from assignments.audit.query import Query
from assignments.audit.reading import sought
from assignments.audit.scanning import rows_of
from assignments.audit.search import find
from assignments.audit.tiles import NotThere, Tiles
from assignments.audit.verdicts import Altered, How
from assignments.models import LogSeal

MOST: Final = 10_000
_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one entry, in a sentence."""

    seq: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check of some entries found.

    :ivar sealed: how many of the `entries` the seal vouches for; the others are too new
    :ivar faults: the first entries with which something is wrong; `altered` is how many there are
    :ivar seal_fault: why the seal itself is not to be trusted, if it is not
    """

    entries: int
    sealed: int
    altered: int
    faults: tuple[Fault, ...]
    seal: LogSeal | None
    seal_fault: str

    @property
    def word(self) -> str:
        """Return the verdict in a word."""
        if not self.entries:
            return "nothing found"
        if self.altered:
            return "altered"
        if self.seal_fault:
            return "seal not trusted"
        return "intact" if self.sealed == self.entries else "not sealed"


def check_these(query: Query, *, by: Actor, now: datetime) -> Checked:
    """Check what the query finds, at most MOST of it, the oldest first; and record that."""
    seal = seals.newest()
    in_question, is_proven = _in_question(), _proven_by(seal)
    count = sealed = altered = 0
    faults: list[Fault] = []
    for row in _oldest(query):
        count += 1
        sealed += seal is not None and row.seq < seal.size
        sentence = _fault(row, in_question) or is_proven(row)
        altered += bool(sentence)
        if sentence and len(faults) < _NAMED:
            faults.append(Fault(row.seq, sentence))
    found = Checked(
        entries=count,
        sealed=sealed,
        altered=altered,
        faults=tuple(faults),
        seal=seal,
        seal_fault=fault_of_seal(seal) if seal else "",
    )
    _record(found, query, by, now)
    return found


def _oldest(query: Query) -> Iterator[Row]:
    yield from rows_of(find(query).entries.order_by("seq")[:MOST])


def _in_question() -> list[range]:
    return [broken.in_question() for broken in breaks.known()]


def _fault(row: Row, in_question: list[range]) -> str:
    found = fault_of(row, row.seq)
    if found is None and any(row.seq in span for span in in_question):
        found = Altered(row.seq, How.TAKEN_UP)
    return found.sentence if found else ""


def _proven_by(seal: LogSeal | None) -> Callable[[Row], str]:
    """Return what tells why an entry does not stand under the seal, if it should."""
    said, subtree = seals.checkpoint_of(seal) if seal else None, Tiles()

    def fault(row: Row) -> str:
        if seal is None or row.seq >= seal.size:
            return ""
        try:
            proof = inclusion(row.seq, seal.size, subtree)
        except NotThere:
            return NO_ROWS
        if said and included_root(row.seq, seal.size, row.leaf, proof) == said.root:
            return ""
        return f"Its hash does not lead to the root that seal {seal.number:,} vouches for."

    return fault


@transaction.atomic
def _record(found: Checked, query: Query, by: Actor, now: datetime) -> None:
    if found.faults:
        raise_alarm(f"Entry {found.faults[0].seq:,}: {found.faults[0].sentence}")
    event = Event(
        action="entry.verified",
        subject="log",
        result=found.word,
        people=sought(query),
        detail={"entries": found.entries, "altered": found.altered, "search": query.masked()},
    )
    record(event, by=by, at=now)
