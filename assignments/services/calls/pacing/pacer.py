"""How many calls one sender may start now: the agreed rate, what its calls tell, and outages."""

import math
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, Final

from django.conf import settings

from assignments.models import Account
from assignments.services.calls.call_process import Calls, Ended
from assignments.services.calls.pacing.circuit_breaker import Circuit
from assignments.services.calls.pacing.rate_policy import Tempo

# How far ahead of their time rows are claimed.
AHEAD: Final = timedelta(milliseconds=400)
# A pause that is longer gives claimed rows back, so that none seems to be sending meanwhile.
LONG_HOLD: Final = 1.0
# What was claimed must last until the next rows are: two groups that end in a tenth of a second
# each, and then some. At first each slot is expected to make some calls in that time.
SECONDS_READY: Final = 0.25
GROUPS_READY: Final = 2.5
FIRST_GROUPS: Final = 8
# The first calls must not wait until hundreds of rows are claimed: each claim is twice the last.
FIRST_CLAIM: Final = 64
# How much of a large group is expected of the next one.
FADES: Final = 0.8
# A rate that is lower than agreed by less is no news.
NEWS: Final = 0.9


class Pace:
    """The tempo and the circuit of one account's sender, applied to its calls."""

    def __init__(self, account: Account, calls: Calls[Any, Any]) -> None:
        self._account = account
        self._calls = calls
        self._agreed = float(settings.STACKONE_REQUESTS_PER_MINUTE) / 60
        random = SystemRandom()
        self._tempo = Tempo(
            per_second=self._agreed, most=settings.SENDER_CONCURRENCY, random=random
        )
        self._circuit = Circuit(random)
        self._group = 0.0
        self._is_filling = False

    @property
    def is_filling(self) -> bool:
        """Whether more calls are wanted at once than were told last."""
        return self._is_filling

    def note(self, ended: Sequence[Ended[Any, Any]]) -> None:
        """Learn from the calls that ended since the last time."""
        echoes = [one.echo for one in ended if one.echo is not None]
        self._group = max(float(len(echoes)), FADES * self._group)
        self._tempo.note(echoes, time.monotonic())
        self._circuit.note(echoes)

    def wanted(self, ahead: timedelta) -> int:
        """Return how many calls may be started now, and let the calls keep to the rate.

        :param ahead: how far the calls that were started reach into the future
        """
        now = time.monotonic()
        allowed = self._circuit.allowed(now)
        if not allowed or self._tempo.held_until > now + LONG_HOLD:
            self._calls.recall("The API asked for a pause before the request left.")
            return 0
        slots, rate = self._tempo.concurrency(now), self._tempo.rate(now)
        self._calls.allow(slots, rate)
        spare = self._spare(slots, now) if slots > 1 else 0
        out = self._calls.in_flight
        missing = math.ceil(rate * (AHEAD - ahead).total_seconds())
        wanted = max(0, min(slots + spare - out, missing, allowed))
        most = max(FIRST_CLAIM, 2 * out)
        self._is_filling = wanted > most
        return min(wanted, most)

    def _spare(self, slots: int, now: float) -> int:
        """Return how many calls must be ready beyond those in flight, to last until the next are.

        As many as the calls could be, in the bounds of what they lately were.
        """
        likely = max(FIRST_GROUPS * slots, GROUPS_READY * self._group)
        return int(min(self._tempo.calls_in(SECONDS_READY, now), likely))

    def sent(self) -> None:
        """Note that calls were started."""
        self._circuit.sent(time.monotonic())

    def tell(self, now: datetime) -> None:
        """Keep with the account what its pages say of the pace."""
        moment = time.monotonic()
        rate = self._tempo.rate(moment)
        held = max(self._tempo.held_until, self._circuit.retry_at) - moment
        told = {
            "provider_rate_per_minute": max(1, round(rate * 60))
            if rate < NEWS * self._agreed
            else None,
            "slowed_until": now + timedelta(seconds=held) if held > LONG_HOLD else None,
        }
        Account.objects.filter(pk=self._account.pk).exclude(**told).update(**told)
