"""Compare the names beside the log with the commitments in its entries, within bounded memory."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, compress
from typing import Final, NamedTuple

import orjson

from assignments.audit.entries.canonical import INDEXES, UNREADABLE, Entry
from assignments.audit.entries.commitments import ERASURE, StoredValue, stored_values
from assignments.audit.entries.readable import PERSONAL
from assignments.audit.integrity.entry_rules import Row
from assignments.audit.integrity.reader import as_bytes
from assignments.audit.integrity.verdicts import NameAltered, NameFault, NamesGone
from assignments.audit.search.filters import SEARCH_REF
from assignments.models import LogEntry
from assignments.models.sql.text_folding import fold

# Values, and texts of people, remembered, so that each is checked once and not once an entry; at
# most 40 MB, usually 10.
MAX_REMEMBERED: Final = 20_000
# Bytes; longer texts, of many people together, do not come again.
MAX_TEXT_LENGTH: Final = 1_000
_ACTION_COLUMN: Final = 1 + INDEXES.index("action")


class Use(NamedTuple):
    """Where an entry holds a commitment: for whom, and for which of their fields."""

    seq: int
    ref: str
    field: str
    commitment: str


class _Checked(NamedTuple):
    """The ref and field of a stored value, and what is wrong with the value itself."""

    ref: str
    field: str
    fault: NameFault | None


class NameScan:
    """A scan of the commitments of entries, added in order.

    Erasing a person deletes their names and adds an entry, so names may only be missing from
    entries before that one. It also deletes recorded searches for the person, and counts them.
    """

    def __init__(self) -> None:
        self._checked: dict[str, _Checked | None] = {}
        self._unaltered: set[bytes] = set()
        self._altered: NameAltered | None = None
        self._gone: dict[str, Use] = {}
        self._gone_searches: dict[str, Use] = {}
        self._deleted_searches = 0
        self._missing_uses = 0

    def check(self, rows: Sequence[Row]) -> None:
        """Check the names of the next entries, which must be free of faults."""
        # Most entries are about the same people: comparing bytes takes a tenth of parsing them.
        texts = [party_texts(row.body) for row in rows]
        is_new = [
            not self._unaltered.issuperset(parties) or row.columns[_ACTION_COLUMN] == ERASURE
            for row, parties in zip(rows, texts, strict=True)
        ]
        missing_uses = self._missing_uses
        self._check_entries([orjson.loads(row.body) for row in compress(rows, is_new)])
        # A name that an erasure explains here may not be missing from later entries.
        if self._missing_uses == missing_uses:
            self._remember(chain.from_iterable(compress(texts, is_new)))

    def _check_entries(self, entries: Sequence[Entry]) -> None:
        uses = [list(uses_in(entry)) for entry in entries]
        self._load({use.commitment for group in uses for use in group})
        for entry, group in zip(entries, uses, strict=True):
            for use in group:
                self._check(use)
            if entry["action"] == ERASURE:
                self._explain(entry)

    def faults(self, stop: int) -> Iterator[NameAltered | NamesGone]:
        """Yield the first altered name, then the first that is gone without an erasure.

        :param stop: the number after that of the last entry checked
        """
        if self._altered:
            yield self._altered
        if self._gone or self._gone_searches:
            self._explain_by_later(stop)
        gone = list(self._gone.values())
        if len(self._gone_searches) > self._deleted_searches:
            gone += self._gone_searches.values()
        if gone:
            first = min(gone)
            yield NamesGone(first.seq, first.ref, first.field)

    def _remember(self, parties: Iterable[bytes]) -> None:
        if len(self._unaltered) > MAX_REMEMBERED:
            self._unaltered.clear()
        self._unaltered.update(text for text in parties if len(text) <= MAX_TEXT_LENGTH)

    def _load(self, commitments: set[str]) -> None:
        if len(self._checked) > MAX_REMEMBERED:
            self._checked.clear()
        new = commitments - self._checked.keys()
        self._checked |= dict.fromkeys(new)
        self._checked |= _check_values(new)

    def _check(self, use: Use) -> None:
        checked = self._checked[use.commitment]
        if checked is None:
            self._missing_uses += 1
            if use.ref == SEARCH_REF:
                self._gone_searches.setdefault(use.commitment, use)
            else:
                self._gone.setdefault(use.ref, use)
        elif self._altered is None:
            self._altered = _compare(use, checked)

    def _explain(self, erasure: Entry) -> None:
        self._gone.pop(erasure["subject"], None)
        self._deleted_searches += int(erasure["detail"]["searches_deleted"])

    def _explain_by_later(self, stop: int) -> None:
        """Take in erasures that were recorded while the entries were read."""
        later = LogEntry.objects.filter(seq__gte=stop, action=ERASURE).order_by("seq")
        for body in later.values_list("body", flat=True):
            with suppress(*UNREADABLE):
                self._explain(orjson.loads(as_bytes(body)))


def party_texts(body: bytes) -> tuple[bytes, bytes]:
    """Return the canonical JSON of an entry's actor and of its people, as parts of the body.

    Keys of canonical JSON are sorted, and the quotes of a key cannot be part of a text.
    """
    actor, people = body.find(b'"actor":'), body.rfind(b',"people":')
    return (
        body[actor : body.find(b',"at":', actor)],
        body[people : body.find(b',"request_id":', people)],
    )


def uses_in(entry: Entry) -> Iterator[Use]:
    """Yield the commitments in the body of an entry."""
    for party in (entry["actor"], *entry["people"]):
        for name in PERSONAL:
            if name in party:
                yield Use(entry["seq"], party["ref"], name, party[name]["commit"])


def _fault_in(value: StoredValue) -> NameFault | None:
    """Return what is wrong with a stored value itself."""
    if not value.is_recorded:
        return NameFault.VALUE
    return None if value.search_text == fold(value.value) else NameFault.SEARCH_TEXT


def find_altered_names(rows: Sequence[Row]) -> dict[int, NameAltered]:
    """Return the first altered name of each entry that has one, by its number."""
    all_uses: list[Use] = []
    for row in rows:
        # An unreadable body has a fault of its own.
        with suppress(*UNREADABLE):
            all_uses += list(uses_in(orjson.loads(row.body)))
    checked = _check_values({use.commitment for use in all_uses})
    faults = (
        fault
        for use in reversed(all_uses)
        if use.commitment in checked and (fault := _compare(use, checked[use.commitment]))
    )
    return {fault.seq: fault for fault in faults}


def _check_values(commitments: set[str]) -> dict[str, _Checked]:
    return {
        value.commitment: _Checked(value.ref, value.field, _fault_in(value))
        for value in stored_values(commitments)
    }


def _compare(use: Use, checked: _Checked) -> NameAltered | None:
    fault = checked.fault
    if (use.ref, use.field) != (checked.ref, checked.field):
        fault = fault or NameFault.OWNER
    return NameAltered(use.seq, use.ref, use.field, fault) if fault else None
