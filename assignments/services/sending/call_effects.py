"""What ended calls mean beyond their rows: for the rate budget of the key and the account."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from assignments.models import Account
from assignments.services.calls.connections import clear_outage, record_outage
from assignments.services.pacing import rate_budget
from assignments.stackone.errors import NotSent, RateLimited


def back_off(results: Iterable[object], *, now: datetime) -> None:
    """Stop every sender of the API key for as long as StackOne's rate limiter says.

    A limit of the provider behind StackOne concerns only its account, whose pacer slows down.
    """
    for result in results:
        if isinstance(result, RateLimited) and not result.is_from_provider:
            rate_budget.back_off_until(now + timedelta(seconds=result.retry_after), now=now)


def note_reachability(account: Account, results: Sequence[object], *, now: datetime) -> None:
    """Store on the account whether the LMS was reached by any of the calls."""
    unreached = [
        result
        for result in results
        if isinstance(result, NotSent) and not isinstance(result, RateLimited)
    ]
    if results and len(unreached) == len(results):
        record_outage(account, now=now)
    elif results:
        clear_outage(account)
