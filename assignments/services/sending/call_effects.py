"""What ended calls mean beyond their rows: for the rate budget of the key and the account."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from assignments.models import Account
from assignments.services.calls.connections import clear_outage, record_outage
from assignments.services.pacing import rate_budget
from assignments.stackone.errors import HeldBack, NotSent, RateLimited


def back_off(results: Iterable[object], *, now: datetime) -> None:
    """Stop every sender of the API key for as long as StackOne's rate limiter says.

    A limit of the provider behind StackOne concerns only its account, whose pacer slows down.
    """
    for result in results:
        if isinstance(result, RateLimited) and not result.is_from_provider:
            rate_budget.back_off(result.retry_after, now=now)


def note_reachability(account: Account, results: Sequence[object], *, now: datetime) -> None:
    """Store on the account whether the LMS was reached by any of the calls that were made."""
    made = [result for result in results if not isinstance(result, HeldBack)]
    unreached = [
        result
        for result in made
        if isinstance(result, NotSent) and not isinstance(result, RateLimited)
    ]
    if made and len(unreached) == len(made):
        record_outage(account, now=now)
    elif made:
        clear_outage(account)
