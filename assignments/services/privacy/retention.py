"""How long entries of the log are kept, and up to where the oldest may go."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import transaction

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


class NotAPeriod(Exception):
    """Nothing was changed; the message says why."""


@dataclass(frozen=True, slots=True)
class Stay:
    """The first entry that has to stay, and why."""

    seq: int
    why: str

    @property
    def sentence(self) -> str:
        """Say so."""
        return f"Entry {self.seq:,} has to stay: {self.why}."


@transaction.atomic
def keep(*, account: str, for_months: int | None, by: Actor, now: datetime) -> None:
    """Keep an account's entries for so many months at least, or for ever; itself an entry.

    :param account: its remote id, or nothing for entries of no account
    :raises NotAPeriod: if there is no such account, or that is too short or too long
    """
    if account and not Account.objects.filter(remote_id=account).exists():
        raise NotAPeriod(f"There is no account {account}.")
    if for_months is not None and not MIN_MONTHS <= for_months <= MAX_MONTHS:
        raise NotAPeriod(f"Entries are kept for {MIN_MONTHS} to {MAX_MONTHS} months.")
    was = retention_months().get(account)
    if for_months == was:
        return
    if for_months is None:
        LogRetention.objects.filter(account=account).delete()
    else:
        LogRetention.objects.update_or_create(account=account, defaults={"months": for_months})
    detail = {"months": for_months, "previous_months": was}
    event = Event(
        action="retention.changed",
        subject="log",
        result="changed" if for_months else "for ever",
        account=account,
        detail=detail,
    )
    record(event, by=by, at=now)


def first_to_stay(start: int, *, now: datetime) -> Stay | None:
    """Return the first entry from `start` on that has to stay; None if the log ends before.

    Entries are kept in one piece: behind the first that has to stay every other stays, too.
    """
    reasons = _Reasons.read(now)
    rows = chain.from_iterable(chunks(start, LogHead.entries()))
    entries = (body_of(row.seq, row.body) for row in rows)
    staying = (Stay(entry["seq"], why) for entry in entries if (why := reasons.why(entry)))
    first = [next(staying, None), _not_forwarded()]
    return min((stay for stay in first if stay), key=lambda stay: stay.seq, default=None)


def _not_forwarded() -> Stay | None:
    if settings.SIEM is None or not (siem := forwarding.status()).behind:
        return None
    return Stay(siem.next, "the SIEM has not taken it yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reasons:
    """What makes entries stay: moments by account, refs that are held, batches that go on."""

    months: Mapping[str, int]
    oldest: Mapping[str, datetime]
    held_accounts: frozenset[str]
    held: frozenset[str]
    batches: frozenset[str]

    @classmethod
    def read(cls, now: datetime) -> "_Reasons":
        refs = set(LegalHold.objects.values_list("ref", flat=True))
        pks = [ref.partition("/")[2] for ref in refs if ref.startswith("account/")]
        accounts = Account.objects.filter(pk__in=pks).values_list("remote_id", flat=True)
        kept = retention_months()
        return cls(
            months=kept,
            oldest={name: _before(now, many) for name, many in kept.items()},
            held_accounts=frozenset(accounts),
            held=frozenset(ref for ref in refs if not ref.startswith("account/")),
            batches=frozenset(f"batch/{pk}" for pk in _going_on()),
        )

    def why(self, entry: Entry) -> str:
        """Return why an entry has to stay, or nothing."""
        return next(self._all(entry), "")

    def _all(self, entry: Entry) -> Iterator[str]:
        account = entry["account"]
        whose = f"account {account}" if account else "no account"
        if account not in self.oldest:
            yield f"entries of {whose} are kept for ever"
        elif datetime.fromisoformat(entry["at"]) > self.oldest[account]:
            yield f"entries of {whose} are kept for {self.months[account]} months"
        if account in self.held_accounts:
            yield f"{whose} is under a legal hold"
        yield from (f"{ref} is under a legal hold" for ref in sorted(refs(entry) & self.held))
        if entry["batch"] in self.batches:
            yield f"{entry['batch']} is not settled"


def _going_on() -> Iterator[int]:
    """Yield the batches that are not over, or of which rows are not settled."""
    yield from Batch.objects.filter(state__in=OPEN_STATES).values_list("pk", flat=True)
    rows = Assignment.objects.filter(state__in=Assignment.UNSETTLED)
    yield from rows.order_by("batch").values_list("batch", flat=True).distinct()


def _before(now: datetime, many: int) -> datetime:
    """Return the moment so many months before, or on the last day of that month."""
    year, month = divmod(now.year * 12 + now.month - 1 - many, 12)
    day = min(now.day, monthrange(year, month + 1)[1])
    return now.replace(year=year, month=month + 1, day=day)
