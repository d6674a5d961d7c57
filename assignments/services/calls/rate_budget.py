"""The request budget of the API key, shared by every sender and process through one row."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import sleep
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from assignments.models import RequestBudget
from assignments.stackone.send_slots import slots

Clock = Callable[[], datetime]
FAR: Final = timedelta(days=365)
AT_ONCE: Final = timedelta()
# The clocks of several machines may differ by so much; what is more was set back.
CLOCKS_DIFFER: Final = timedelta(seconds=2)


def take(
    count: int, *, now: datetime, within: timedelta = FAR, lead: timedelta = AT_ONCE
) -> list[datetime]:
    """Reserve the next `count` requests and return when each may leave (UTC, evenly spaced).

    Nothing is reserved, and the list is empty, if the first could not leave `within` that time.

    :param lead: how long the caller needs until the first can leave
    """
    if not count:
        return []
    with transaction.atomic():
        budget = _locked(now)
        if budget.next_slot_at > now + within:
            return []
        reserved, budget.next_slot_at = slots(
            budget.next_slot_at, now + lead, count, settings.STACKONE_REQUESTS_PER_MINUTE
        )
        budget.save(update_fields=["next_slot_at", "requested_at"])
    return reserved


def hold_until(moment: datetime, *, now: datetime) -> None:
    """Let no request leave before `moment`: the API asked for it with a 429."""
    with transaction.atomic():
        budget = _locked(now)
        budget.next_slot_at = max(budget.next_slot_at, moment)
        budget.save(update_fields=["next_slot_at", "requested_at"])


def wait_for_slot(clock: Clock) -> None:
    """Reserve one request and sleep until it may leave."""
    now = clock()
    (slot,) = take(1, now=now)
    sleep(max(0.0, (slot - now).total_seconds()))


def _locked(now: datetime) -> RequestBudget:
    # A fingerprint, not the key: the key itself must never reach the database.
    key = salted_hmac(
        "assignment-desk/request-budget/1", settings.STACKONE_API_KEY, algorithm="sha256"
    ).hexdigest()
    budgets = RequestBudget.objects.select_for_update()
    budget, _ = budgets.get_or_create(key=key, defaults={"next_slot_at": now})
    set_back = budget.requested_at - now if budget.requested_at else timedelta()
    if set_back > CLOCKS_DIFFER:
        budget.next_slot_at -= set_back
    budget.requested_at = now
    return budget
