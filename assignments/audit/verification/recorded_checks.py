"""Past verifications of the whole log, as entries of the log record them.

The table of verifications holds the progress of those that run; anybody who can write to the
database can add a row to it, so no status follows from it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import orjson

from assignments.audit.integrity.entry_rules import Row, fault_of
from assignments.audit.integrity.reader import stored_rows
from assignments.audit.integrity.verdicts import BROKEN_WORDS, IntactSince
from assignments.audit.signing.keys import KeyUnavailable
from assignments.audit.signing.mac_keys import readable_keys
from assignments.models import LogEntry, Verification

ACTION: Final = "log.verified"
# Entries of verifications that are read to find the newest of the whole log.
MAX_READ: Final = 20
# Machines whose clocks differ by more than this are misconfigured.
CLOCK_TOLERANCE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RecordedCheck:
    """A verification that an entry records; `night` is the date of a nightly one.

    `verdict` and `detail` are those of the entry itself if it is not as this product wrote it.
    """

    at: datetime
    verdict: str
    detail: str
    night: date | None = None

    @property
    def is_broken(self) -> bool:
        """Whether the log was found broken."""
        return self.verdict in BROKEN_WORDS


def newest_checks(*, now: datetime) -> Iterator[RecordedCheck]:
    """Yield the newest verifications of the whole log, newest first.

    Those from the future are left out, as are those whose MAC cannot be checked. An entry that was
    altered or forged counts as a verification that found the log broken, at `now`.
    """
    newest = LogEntry.objects.filter(action=ACTION).order_by("-seq")[:MAX_READ]
    checks = _read(stored_rows(newest), now=now)
    return (check for check in checks if check.verdict != IntactSince.word)


def recorded_runs(runs: Iterable[Verification], *, now: datetime) -> list[Verification]:
    """Return the runs that have not ended, and those whose verdict an entry confirms."""
    runs = list(runs)
    entries = LogEntry.objects.filter(action=ACTION, at__in={run.at for run in runs})
    checks = _read(stored_rows(entries.order_by("seq")), now=now)
    recorded = {(check.at, check.verdict, check.detail) for check in checks}
    return [run for run in runs if not run.verdict or (run.at, run.verdict, run.detail) in recorded]


def _read(rows: Iterable[Row], *, now: datetime) -> Iterator[RecordedCheck]:
    try:
        keys = readable_keys()
    except KeyUnavailable:
        return
    for row in rows:
        if fault := fault_of(row, row.seq, keys):
            yield RecordedCheck(now, fault.word, fault.sentence)
        elif row.mac_key in keys:
            check = _parse(row.body)
            if check.at <= now + CLOCK_TOLERANCE:
                yield check


def _parse(body: bytes) -> RecordedCheck:
    entry = orjson.loads(body)
    night = entry["detail"].get("night")
    return RecordedCheck(
        at=datetime.fromisoformat(entry["at"]),
        verdict=entry["result"],
        detail=entry["detail"].get("verdict", ""),
        night=date.fromisoformat(night) if night else None,
    )
