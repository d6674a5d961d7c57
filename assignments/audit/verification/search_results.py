"""Checking the entries that a search finds: each by itself, and against the newest seal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.audit.integrity import recovery
from assignments.audit.integrity.alarm import raise_alarm
from assignments.audit.integrity.entry_rules import Row, fault_of
from assignments.audit.integrity.reader import stored_rows
from assignments.audit.log import Event, record
from assignments.audit.merkle.tiles import Tiles
from assignments.audit.seals import sealing
from assignments.audit.search.access_records import sought
from assignments.audit.search.query import Query
from assignments.audit.search.search import find
from assignments.audit.verification.one_entry import adopted_fault, fault_of_seal, place_under
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
    seal, rows = (
        sealing.newest_seal(),
        list(stored_rows(find(query).entries.order_by("seq")[:MOST])),
    )
    sealed = [row for row in rows if seal and row.seq < seal.size]
    # An entry that was altered leads elsewhere as well: what is wrong with itself says more.
    faults = dict(_under(seal, sealed)) | dict(_by_themselves(rows))
    found = Checked(
        entries=len(rows),
        sealed=len(sealed),
        altered=len(faults),
        faults=tuple(Fault(seq, faults[seq]) for seq in sorted(faults)[:_NAMED]),
        seal=seal,
        seal_fault=fault_of_seal(seal) if seal else "",
    )
    _record(found, query, by, now)
    return found


def _by_themselves(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield number and fault of the entries that are not as they were written."""
    broken = recovery.recorded_damage()
    for row in rows:
        fault = fault_of(row, row.seq) or adopted_fault(row.seq, broken)
        if fault:
            yield row.seq, fault.sentence


def _under(seal: LogSeal | None, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield number and fault of the entries that do not stand under the seal."""
    if seal is None:
        return
    said, subtree = sealing.checkpoint_of(seal), Tiles()
    for row in rows:
        fault = place_under(seal, said, row, subtree).fault
        if fault:
            yield row.seq, fault


@transaction.atomic
def _record(found: Checked, query: Query, by: Actor, now: datetime) -> None:
    if found.faults:
        raise_alarm(f"Entry {found.faults[0].seq:,}: {found.faults[0].sentence}")
    event = Event(
        action="log.search_results_verified",
        subject="log",
        result=found.word,
        people=sought(query),
        detail={"entries": found.entries, "altered": found.altered, "search": query.masked()},
    )
    record(event, by=by, at=now)
