"""Rate budget of the API key: reserve send slots in one row that all senders share."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import sleep
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from assignments.models import RateBudget
from assignments.stackone.send_slots import allocate_slots

# Backoffs after a 429 that does not say how long. After as long without any the next is the first.
FIRST_SECONDS: Final = 1
LONGEST_SECONDS: Final = 60
FORGOTTEN_AFTER: Final = timedelta(minutes=2)
Clock = Callable[[], datetime]
ANY_TIME: Final = timedelta(days=365)
NO_LEAD: Final = timedelta()
# Clocks of several machines may differ by this much. A clock further behind than the last
# reservation was set back, and the budget is moved back with it.
CLOCK_TOLERANCE: Final = timedelta(seconds=2)


def reserve(
    count: int, *, now: datetime, within: timedelta = ANY_TIME, lead: timedelta = NO_LEAD
) -> list[datetime]:
    """Reserve the next `count` requests and return when each may be sent (UTC, evenly spaced).

    Reserves nothing and returns an empty list if the first slot would be later than `within`.

    :param lead: how long the caller needs until it can send the first request
    """
    if not count:
        return []
    with transaction.atomic():
        budget = _locked_budget(now)
        if budget.next_slot_at > now + within:
            # What a clock that was set back has moved must not be moved again the next time.
            budget.save(update_fields=["next_slot_at", "reserved_at", "backoff_until"])
            return []
        slots, budget.next_slot_at = allocate_slots(
            budget.next_slot_at, now + lead, count, settings.STACKONE_REQUESTS_PER_MINUTE
        )
        budget.save(update_fields=["next_slot_at", "reserved_at", "backoff_until"])
    return slots


def back_off(seconds: float | None, *, now: datetime) -> None:
    """Reserve no slot for so many seconds: StackOne limited the whole key with a 429.

    :param seconds: what the response asks for; None if it does not say: then 1, and for each
        further one twice as long, up to a minute
    """
    with transaction.atomic():
        budget = _locked_budget(now)
        if seconds is None:
            _grow_backoff(budget, now)
            until = budget.backoff_until
        else:
            until = now + timedelta(seconds=seconds)
        budget.next_slot_at = max(budget.next_slot_at, until or now)
        budget.save()


def wait_for_slot(clock: Clock) -> None:
    """Reserve one request and sleep until it may be sent."""
    now = clock()
    (slot,) = reserve(1, now=now)
    sleep(max(0.0, (slot - now).total_seconds()))


def _grow_backoff(budget: RateBudget, now: datetime) -> None:
    since_last = now - budget.backoff_until if budget.backoff_until else FORGOTTEN_AFTER
    # Refusals during a backoff are of calls that were sent before it.
    if since_last < timedelta():
        return
    is_further = since_last < FORGOTTEN_AFTER
    doubled = min(LONGEST_SECONDS, 2 * budget.backoff_seconds)
    budget.backoff_seconds = doubled if is_further else FIRST_SECONDS
    budget.backoff_until = now + timedelta(seconds=budget.backoff_seconds)


def _locked_budget(now: datetime) -> RateBudget:
    # A keyed hash: the API key itself must never be in the database.
    key_hash = salted_hmac(
        "assignment-desk/rate-budget/1", settings.STACKONE_API_KEY, algorithm="sha256"
    ).hexdigest()
    budgets = RateBudget.objects.select_for_update()
    budget, _ = budgets.get_or_create(key_hash=key_hash, defaults={"next_slot_at": now})
    set_back_by = budget.reserved_at - now if budget.reserved_at else timedelta()
    if set_back_by > CLOCK_TOLERANCE:
        budget.next_slot_at -= set_back_by
        if budget.backoff_until:
            budget.backoff_until -= set_back_by
    budget.reserved_at = now
    return budget
