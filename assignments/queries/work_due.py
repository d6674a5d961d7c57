"""What is due to be delivered now, told by the rows themselves."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from assignments.models import Account, Assignment, Batch

State = Assignment.State
MOVING = Q(state__in=[State.PLANNED, State.QUEUED, State.SENDING]) | Q(
    state=State.UNKNOWN, read_back_at__isnull=False
)

# No lease reaches further ahead; one that does was taken before the clock was set back.
UNBELIEVABLE: Final = timedelta(minutes=5)


def has_work(account: Account, *, now: datetime) -> bool:
    """Return whether a sender of the account would find anything to do at this moment."""
    if account.paused_at is not None:
        return False
    ours = Assignment.objects.filter(batch__account=account)
    running = Q(batch__state=Batch.State.RUNNING)
    due = (
        (running & Q(state=State.QUEUED, send_at__lte=now))
        | (running & Q(state=State.PLANNED))
        | Q(state=State.UNKNOWN, read_back_at__lte=now)
    )
    waiting = Batch.objects.filter(account=account, state=Batch.State.WAITING, starts_at__lte=now)
    return waiting.exists() or ours.filter(due).exists()


def without_sender(now: datetime) -> Q:
    """Return the condition that nobody holds the lease of an account at this moment."""
    is_over = Q(sender_lease_until__lte=now) | Q(sender_lease_until__gt=now + UNBELIEVABLE)
    return Q(sender="") | is_over


def accounts_with_work(*, now: datetime) -> list[Account]:
    """Return the accounts that need a sender and have none: due rows, or rows a lost one left."""
    candidates = Account.objects.filter(without_sender(now), paused_at=None).order_by("pk")
    return [account for account in candidates if has_work(account, now=now) or _has_lost(account)]


def _has_lost(account: Account) -> bool:
    lost = Assignment.objects.filter(batch__account=account, state=State.SENDING)
    return lost.exists()


def has_moving_rows(batch: Batch) -> bool:
    """Return whether the batch has rows that will still change by themselves."""
    return Assignment.objects.filter(MOVING, batch=batch).exists()
