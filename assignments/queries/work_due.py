"""Rows that are due to be sent or read back, and accounts that need a sender."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min, Q

from assignments.models import Account, Assignment, Batch

State = Assignment.State
UNFINISHED = Q(state__in=[State.PLANNED, State.QUEUED, State.SENDING]) | Q(
    state=State.UNKNOWN, read_back_at__isnull=False
)

# No lease is longer; a later end means that the clock was set back.
MAX_LEASE: Final = timedelta(minutes=5)
# Clocks of several machines may differ by this much; nobody waits long for such a difference.
CLOCK_TOLERANCE: Final = timedelta(seconds=10)


def has_work(account: Account, *, now: datetime) -> bool:
    """Return whether the account has rows to send or read back, or a batch to start, now."""
    if account.paused_at is not None:
        return False
    rows = Assignment.objects.filter(batch__account=account)
    running = Q(batch__state=Batch.State.RUNNING)
    due = (
        (running & Q(state=State.QUEUED, send_at__lte=now))
        | (running & Q(state=State.PLANNED))
        | Q(read_back_at__lte=now)
    )
    waiting = Batch.objects.filter(account=account, state=Batch.State.WAITING, starts_at__lte=now)
    return waiting.exists() or rows.filter(due).exists()


def has_no_sender(now: datetime) -> Q:
    """Return the condition that no sender holds the lease of an account now."""
    has_expired = Q(sender_lease_until__lte=now) | Q(sender_lease_until__gt=now + MAX_LEASE)
    return Q(sender="") | has_expired


def accounts_with_work(*, now: datetime) -> list[Account]:
    """Return the accounts without a sender that have work or rows of a sender that was lost."""
    candidates = Account.objects.filter(has_no_sender(now), paused_at=None).order_by("pk")
    return [
        account
        for account in candidates
        if has_work(account, now=now)
        or was_clock_set_back(account, now=now)
        or _has_abandoned_rows(account)
    ]


def next_due_at(*, now: datetime) -> datetime | None:
    """Return when rows or batches become due, or a sender's lease ends, next after `now`."""
    waiting = Batch.objects.filter(state=Batch.State.WAITING, starts_at__gt=now)
    queued = Assignment.objects.filter(
        batch__state=Batch.State.RUNNING, state=State.QUEUED, send_at__gt=now
    )
    unknown = Assignment.objects.filter(read_back_at__gt=now)
    leased = Account.objects.filter(sender_lease_until__gt=now)
    moments = (
        waiting.aggregate(at=Min("starts_at"))["at"],
        queued.aggregate(at=Min("send_at"))["at"],
        unknown.aggregate(at=Min("read_back_at"))["at"],
        leased.aggregate(at=Min("sender_lease_until"))["at"],
    )
    return min((moment for moment in moments if moment is not None), default=None)


def was_clock_set_back(account: Account, *, now: datetime) -> bool:
    """Return whether a sender has worked at a later time, so that rows may wait for it."""
    return account.clock_at is not None and account.clock_at > now + CLOCK_TOLERANCE


def _has_abandoned_rows(account: Account) -> bool:
    abandoned = Assignment.objects.filter(batch__account=account, state=State.SENDING)
    return abandoned.exists()


def has_unfinished_rows(batch: Batch) -> bool:
    """Return whether the batch has rows that will change without a person's decision."""
    return Assignment.objects.filter(UNFINISHED, batch=batch).exists()
