"""Sender leases: one sender at a time for an account, by a lease that must be renewed."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from assignments.models import Account
from assignments.queries.work_due import has_no_sender

LEASE: Final = timedelta(seconds=20)


def acquire(account: Account, *, sender: str, now: datetime) -> bool:
    """Make `sender` the account's only sender; return false if another holds the lease."""
    free = has_no_sender(now) | Q(sender=sender)
    candidates = Account.objects.filter(free, pk=account.pk)
    return bool(candidates.update(sender=sender, sender_lease_until=now + LEASE))


def renew(account: Account, *, sender: str, now: datetime) -> bool:
    """Extend the lease; false means that it was lost and nothing more may be sent."""
    leased = Account.objects.filter(pk=account.pk, sender=sender, sender_lease_until__gt=now)
    return bool(leased.update(sender_lease_until=now + LEASE))


def release(account: Account, *, sender: str) -> None:
    """Give the lease up, so that another sender need not wait until it runs out."""
    Account.objects.filter(pk=account.pk, sender=sender).update(sender="", sender_lease_until=None)
