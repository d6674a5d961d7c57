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
            return []
        slots, budget.next_slot_at = allocate_slots(
            budget.next_slot_at, now + lead, count, settings.STACKONE_REQUESTS_PER_MINUTE
        )
        budget.save(update_fields=["next_slot_at", "reserved_at"])
    return slots


def back_off_until(moment: datetime, *, now: datetime) -> None:
    """Reserve no slot before `moment`: StackOne limited the whole key with a 429."""
    with transaction.atomic():
        budget = _locked_budget(now)
        budget.next_slot_at = max(budget.next_slot_at, moment)
        budget.save(update_fields=["next_slot_at", "reserved_at"])


def wait_for_slot(clock: Clock) -> None:
    """Reserve one request and sleep until it may be sent."""
    now = clock()
    (slot,) = reserve(1, now=now)
    sleep(max(0.0, (slot - now).total_seconds()))


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
    budget.reserved_at = now
    return budget
