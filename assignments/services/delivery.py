"""Delivering one account's due rows: claim, call, write what came back, look up what is unknown."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings

from assignments.models import Account
from assignments.queries.due import has_work
from assignments.services import budget, claims, leases, outcomes, queueing, reconciliation
from assignments.services.calls import Calls, Ended
from assignments.services.claims import Claim
from assignments.services.connection import open_client
from assignments.services.reconciliation import LookUp, Seen
from assignments.stackone.client import StackOne
from assignments.stackone.resources import Created

Clock = Callable[[], datetime]
Job = Claim | LookUp
Reply = Created | Seen

AHEAD: Final = timedelta(milliseconds=400)
RENEW_EVERY: Final = 5.0
SAFE_LEASE: Final = leases.LEASE.total_seconds() - 5
GROUP: Final = 0.05


def deliver(*, account: Account, clock: Clock, may_go_on: Callable[[], bool]) -> bool:
    """Deliver the account's rows until none is due; return whether this sender did it.

    Returns at once if another sender holds the account. `may_go_on` turning false ends it early:
    calls in flight are waited for, nothing new is started.
    """
    sender = str(uuid.uuid4())
    if not leases.acquire(account, sender=sender, now=clock()):
        return False
    try:
        claims.recover(account=account, sender=sender, now=clock())
        _Sender(account, sender, clock).run(may_go_on)
    finally:
        leases.release(account, sender=sender)
    return True


class _Sender:
    """The loop of one sender; every statement to the database is made by its own thread."""

    def __init__(self, account: Account, sender: str, clock: Clock) -> None:
        self._account = account
        self._sender = sender
        self._clock = clock
        self._renewed = 0.0
        self._last_slot = clock()
        self._looking: set[int] = set()
        self._calls: Calls[Job, Reply] = Calls(
            call=_call,
            open_client=lambda: open_client(account.remote_id, pace=_is_paced),
            slots=settings.SENDER_SLOTS,
            clock=clock,
        )

    def run(self, may_go_on: Callable[[], bool]) -> None:
        """Work until nothing is due and nothing is in flight."""
        try:
            while self._keep_lease():
                is_going = may_go_on()
                if is_going:
                    self._start()
                self._write(self._calls.ended(within=GROUP))
                more = is_going and has_work(self._account, now=self._clock())
                if not more and not self._calls.in_flight:
                    break
        finally:
            self._calls.close()
            self._write(self._calls.ended(within=0))

    def _keep_lease(self) -> bool:
        if time.monotonic() - self._renewed < RENEW_EVERY:
            return True
        if not leases.renew(self._account, sender=self._sender, now=self._clock()):
            return False
        self._renewed = time.monotonic()
        self._calls.extend(SAFE_LEASE)
        return True

    def _start(self) -> None:
        now = self._clock()
        self._account.refresh_from_db(fields=["paused_at"])
        if self._account.paused_at is not None:
            return
        queueing.release_due(account=self._account, now=now)
        queueing.queue_some(account=self._account, now=now)
        slots = self._slots(now)
        used = self._look_up(slots, now)
        self._send(slots[used:], now)

    def _slots(self, now: datetime) -> list[datetime]:
        wanted = min(self._calls.free, max(1, round(_per_second() * AHEAD.total_seconds())))
        if wanted < 1 or self._last_slot > now + AHEAD / 2:
            return []
        if not has_work(self._account, now=now):
            return []
        slots = budget.take(wanted, now=now, within=AHEAD)
        self._last_slot = slots[-1] if slots else now
        return slots

    def _look_up(self, slots: list[datetime], now: datetime) -> int:
        # A quarter of the budget at most, so that read-backs never starve sending.
        share = (len(slots) + 3) // 4
        jobs = reconciliation.due(
            account=self._account, count=share, besides=self._looking, now=now
        )
        for job, slot in zip(jobs, slots, strict=False):
            self._looking.add(job.pk)
            self._calls.start(job, at=slot)
        return len(jobs)

    def _send(self, slots: list[datetime], now: datetime) -> None:
        claimed = claims.claim(
            account=self._account, sender=self._sender, count=len(slots), now=now
        )
        for job, slot in zip(claimed, slots, strict=False):
            self._calls.start(job, at=slot)

    def _write(self, ended: list[Ended[Job, Reply]]) -> None:
        now = self._clock()
        # `_call` pairs them: a claim is answered by Created, a look-up by Seen.
        sent = cast("list[outcomes.Answer]", [a for a in ended if isinstance(a.job, Claim)])
        looked = cast(
            "list[reconciliation.Answer]", [a for a in ended if isinstance(a.job, LookUp)]
        )
        if sent:
            outcomes.settle(account=self._account, sender=self._sender, answers=sent, now=now)
        if looked:
            reconciliation.settle(account=self._account, answers=looked, now=now)
            self._looking -= {answer.job.pk for answer in looked}


def _call(client: StackOne, job: Job) -> Reply:
    if isinstance(job, LookUp):
        return reconciliation.look_up(client, job)
    return client.create_assignment(job.user_id, job.new)


def _is_paced() -> None:
    """Do nothing: the sender reserved the slot before it started the call."""


def _per_second() -> float:
    return float(settings.STACKONE_REQUESTS_PER_MINUTE) / 60
