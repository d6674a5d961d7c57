"""Verify search results: each entry's hash, and its inclusion under the newest seal."""

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
from assignments.audit.integrity.verdicts import MacsNotChecked
from assignments.audit.log import Event, record
from assignments.audit.merkle.tiles import Tiles
from assignments.audit.seals import sealing
from assignments.audit.search.access_records import search_as_people
from assignments.audit.search.query import Query
from assignments.audit.search.search import find
from assignments.audit.signing.mac_keys import readable_keys
from assignments.audit.verification.name_scan import find_altered_names
from assignments.audit.verification.one_entry import (
    check_inclusion,
    find_adopted_fault,
    find_seal_fault,
)
from assignments.models import LogSeal

MAX_ENTRIES: Final = 10_000
_MAX_FAULTS: Final = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence about what is wrong with an entry."""

    seq: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsVerdict:
    """Verdict on the entries that a search matched.

    :ivar entries: how many were checked
    :ivar sealed: how many of them the seal covers; the others are newer
    :ivar altered: how many have a fault
    :ivar unchecked: how many have a MAC whose key cannot be read
    :ivar faults: those of the first entries that have one
    :ivar seal_fault: why the seal cannot be trusted; empty if it can
    """

    entries: int
    sealed: int
    altered: int
    unchecked: int
    faults: tuple[Fault, ...]
    seal: LogSeal | None
    seal_fault: str

    @property
    def word(self) -> str:
        """The verdict in a few words, as the log records it."""
        if not self.entries:
            return "no entries"
        problems = {
            "altered": self.altered,
            "seal not trusted": self.seal_fault,
            MacsNotChecked.word: self.unchecked,
            "not sealed": self.sealed < self.entries,
        }
        return next((word for word, problem in problems.items() if problem), "intact")


def verify_results(query: Query, *, by: Actor, now: datetime) -> ResultsVerdict:
    """Verify the entries that match a query, at most the MAX_ENTRIES oldest, and record it."""
    seal, rows = (
        sealing.newest_seal(),
        list(stored_rows(find(query).entries.order_by("seq")[:MAX_ENTRIES])),
    )
    sealed = [row for row in rows if seal and row.seq < seal.size]
    # An altered entry also fails its inclusion; the fault of the entry itself says more.
    faults = dict(_find_inclusion_faults(seal, sealed)) | dict(_find_own_faults(rows))
    verdict = ResultsVerdict(
        entries=len(rows),
        sealed=len(sealed),
        altered=len(faults),
        unchecked=_count_unchecked(rows),
        faults=tuple(Fault(seq, faults[seq]) for seq in sorted(faults)[:_MAX_FAULTS]),
        seal=seal,
        seal_fault=find_seal_fault(seal) if seal else "",
    )
    _record(verdict, query, by, now)
    return verdict


def _count_unchecked(rows: Sequence[Row]) -> int:
    keys = readable_keys()
    return sum(row.mac_key not in keys for row in rows)


def _find_own_faults(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield number and fault of the entries that do not match their hash, columns or names."""
    broken, keys = recovery.recorded_damage(), readable_keys()
    names = find_altered_names(rows)
    for row in rows:
        own_fault = fault_of(row, row.seq, keys) or find_adopted_fault(row.seq, broken)
        fault = own_fault or names.get(row.seq)
        if fault:
            yield row.seq, fault.sentence


def _find_inclusion_faults(seal: LogSeal | None, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield number and fault of the entries that are not included under the seal."""
    if seal is None:
        return
    checkpoint, subtree = sealing.checkpoint_of(seal), Tiles()
    for row in rows:
        fault = check_inclusion(seal, checkpoint, row, subtree).fault
        if fault:
            yield row.seq, fault


@transaction.atomic
def _record(verdict: ResultsVerdict, query: Query, by: Actor, now: datetime) -> None:
    if verdict.faults:
        raise_alarm(f"Entry {verdict.faults[0].seq:,}: {verdict.faults[0].sentence}")
    event = Event(
        action="log.search_results_verified",
        subject="log",
        result=verdict.word,
        people=search_as_people(query),
        detail={"entries": verdict.entries, "altered": verdict.altered, "search": query.redacted()},
    )
    record(event, by=by, at=now)
