"""Retention of the log: how long entries are kept, and the first one that must be kept."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from assignments.audit.entries.actors import Actor
from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.readable import body_of, refs
from assignments.audit.integrity.reader import chunks
from assignments.audit.log import Event, record
from assignments.models import Account, Assignment, Batch, LegalHold, LogHead, LogRetention
from assignments.models.retention import MAX_MONTHS, MIN_MONTHS
from assignments.queries.batches import OPEN_STATES
from assignments.queries.privacy import retention_months
from assignments.siem import forwarding


class InvalidRetention(Exception):
    """The retention period was not changed; the message says why."""


@dataclass(frozen=True, slots=True)
class RetainedEntry:
    """An entry that must be kept, and why."""

    seq: int
    reason: str

    @property
    def sentence(self) -> str:
        """The entry and the reason, in one sentence."""
        return f"Entry {self.seq:,} must be kept: {self.reason}."


@transaction.atomic
def set_retention(*, account: str, for_months: int | None, by: Actor, now: datetime) -> None:
    """Set for how many months at least an account's entries are kept, and record it in the log.

    :param account: its remote id; empty for entries of no account
    :param for_months: None keeps them for ever
    :raises InvalidRetention: if the account is unknown, or the months are out of range
    """
    if account and not Account.objects.filter(remote_id=account).exists():
        raise InvalidRetention(f"There is no account {account}.")
    if for_months is not None and not MIN_MONTHS <= for_months <= MAX_MONTHS:
        raise InvalidRetention(f"Entries are kept for {MIN_MONTHS} to {MAX_MONTHS} months.")
    previous = retention_months().get(account)
    if for_months == previous:
        return
    if for_months is None:
        LogRetention.objects.filter(account=account).delete()
    else:
        LogRetention.objects.update_or_create(account=account, defaults={"months": for_months})
    detail = {"months": for_months, "previous_months": previous}
    event = Event(
        action="retention.changed",
        subject="log",
        result="changed" if for_months else "for ever",
        account=account,
        detail=detail,
    )
    record(event, by=by, at=now)


def find_first_retained(start: int, *, now: datetime) -> RetainedEntry | None:
    """Return the first entry from `start` on that must be kept, None if there is none.

    Every entry after it is kept as well, because only a prefix of the log can be pruned.
    """
    rules = _RetentionRules.read(now)
    rows = chain.from_iterable(chunks(start, LogHead.entries()))
    entries = (body_of(row.seq, row.body) for row in rows)
    retained = (
        RetainedEntry(entry["seq"], reason)
        for entry in entries
        if (reason := rules.find_reason(entry))
    )
    first = [next(retained, None), _find_first_not_forwarded()]
    return min((entry for entry in first if entry), key=lambda entry: entry.seq, default=None)


def _find_first_not_forwarded() -> RetainedEntry | None:
    if settings.SIEM is None or not (siem := forwarding.status()).behind:
        return None
    return RetainedEntry(siem.next, "it has not been forwarded to the SIEM")


@dataclass(frozen=True, slots=True, kw_only=True)
class _RetentionRules:
    """What retains entries: periods by account, legal holds and unsettled batches.

    :ivar oldest: for each account, the time that its entries are kept since
    :ivar held: refs of people under a legal hold
    """

    months: Mapping[str, int]
    oldest: Mapping[str, datetime]
    held_accounts: frozenset[str]
    held: frozenset[str]
    batches: frozenset[str]

    @classmethod
    def read(cls, now: datetime) -> "_RetentionRules":
        refs = set(LegalHold.objects.values_list("ref", flat=True))
        pks = [ref.partition("/")[2] for ref in refs if ref.startswith("account/")]
        accounts = Account.objects.filter(pk__in=pks).values_list("remote_id", flat=True)
        kept = retention_months()
        return cls(
            months=kept,
            oldest={name: _subtract_months(now, count) for name, count in kept.items()},
            held_accounts=frozenset(accounts),
            held=frozenset(ref for ref in refs if not ref.startswith("account/")),
            batches=frozenset(_unsettled_batches()),
        )

    def find_reason(self, entry: Entry) -> str:
        """Return why an entry must be kept; empty if it need not be."""
        return next(self._all_reasons(entry), "")

    def _all_reasons(self, entry: Entry) -> Iterator[str]:
        account = entry["account"]
        owner = f"account {account}" if account else "no account"
        if account not in self.oldest:
            yield f"entries of {owner} are kept for ever"
        elif datetime.fromisoformat(entry["at"]) > self.oldest[account]:
            yield f"entries of {owner} are kept for {self.months[account]} months"
        if account in self.held_accounts:
            yield f"{owner} is under a legal hold"
        yield from (f"{ref} is under a legal hold" for ref in sorted(refs(entry) & self.held))
        if entry["batch"] in self.batches:
            yield f"{entry['batch']} is not settled"


def _unsettled_batches() -> Iterator[str]:
    """Yield, as the log names them, the batches that are running or have unsettled rows."""
    rows = Assignment.objects.filter(batch=OuterRef("pk"), state__in=Assignment.UNSETTLED)
    unsettled = Batch.objects.filter(Q(state__in=OPEN_STATES) | Exists(rows))
    yield from (batch.ref for batch in unsettled.filter(number__isnull=False))


def _subtract_months(now: datetime, count: int) -> datetime:
    """Return the same time `count` months before, or on the last day of a shorter month."""
    year, month = divmod(now.year * 12 + now.month - 1 - count, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)
