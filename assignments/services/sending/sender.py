"""Delivering one account's due rows: claim, call, write what came back, look up what is unknown."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings

from assignments.models import Account
from assignments.queries.work_due import has_work
from assignments.services.batches import release
from assignments.services.calls import rate_budget
from assignments.services.calls.call_process import CallProcess, EndedCall
from assignments.services.calls.connections import client_options
from assignments.services.calls.pacing.pacer import CLAIM_AHEAD, Pacer
from assignments.services.sending import call_counts, claims, leases, outcomes, reconciliation
from assignments.services.sending.claims import Claim
from assignments.services.sending.reconciliation import LookUp
from assignments.stackone import commands
from assignments.stackone.commands import Command, UserAssignments
from assignments.stackone.resources import CreatedAssignment
from assignments.stackone.send_slots import reservation_lead

Clock = Callable[[], datetime]
Job = Claim | LookUp
Result = CreatedAssignment | UserAssignments

REFILLED_AT: Final = 3 * CLAIM_AHEAD / 4
RENEW_EVERY: Final = 4.0
SAFE_LEASE: Final = leases.LEASE.total_seconds() - 5
GROUP: Final = 0.1
SHORTEST_REST: Final = 0.002


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
        call_counts.forget(now=clock())
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
        self._sent_until = 0.0
        self._next_group = 0.0
        self._sent = 0
        self._is_filling = False
        self._looking: set[int] = set()
        self._lead = reservation_lead(settings.STACKONE_REQUESTS_PER_MINUTE)
        self._calls: CallProcess[Job, Result] = CallProcess(
            command_for=_command_for,
            client_options=client_options(account.remote_id),
            concurrency=settings.SENDER_CONCURRENCY,
            clock=clock,
        )
        self._pacer = Pacer(account, self._calls)

    def run(self, may_go_on: Callable[[], bool]) -> None:
        """Work until nothing is due and nothing is in flight."""
        try:
            while self._keep_lease() and not self._calls.has_died:
                is_going = may_go_on()
                if is_going:
                    self._start()
                else:
                    self._calls.cancel_waiting("The sender stopped before the request was sent.")
                self._write(self._calls.wait_for_ended(seconds=self._rest()))
                if not self._calls.in_flight and not (is_going and self._has_work()):
                    break
        finally:
            self._calls.close()
            self._write(self._calls.wait_for_ended(seconds=0))

    def _has_work(self) -> bool:
        return has_work(self._account, now=self._clock())

    def _rest(self) -> float:
        """Return how long to wait for calls to end: groups begin at an even pace."""
        now = time.monotonic()
        # When all calls had ended the last wait was shorter.
        began = min(self._next_group, now)
        pace = 0.0 if self._is_filling else GROUP
        self._next_group = max(began + pace, now + SHORTEST_REST)
        return self._next_group - now

    def _keep_lease(self) -> bool:
        if time.monotonic() - self._renewed < RENEW_EVERY:
            return True
        if not leases.renew(self._account, sender=self._sender, now=self._clock()):
            return False
        self._renewed = time.monotonic()
        self._pacer.store_rate(self._clock())
        self._calls.extend_lease(SAFE_LEASE)
        return True

    def _start(self) -> None:
        now = self._clock()
        self._is_filling = False
        self._account.refresh_from_db(fields=["paused_at"])
        if self._account.paused_at is not None:
            self._calls.cancel_waiting("Sending was paused before the request was sent.")
            return
        release.release_due(account=self._account, now=now)
        # By the clock that is never set.
        ahead = timedelta(seconds=max(0.0, self._sent_until - time.monotonic()))
        wanted = self._pacer.startable_calls(ahead)
        if wanted and ahead <= REFILLED_AT:
            self._send_some(wanted)

    def _send_some(self, wanted: int) -> None:
        now, began = self._clock(), time.monotonic()
        # A quarter of the budget at most, so that read-backs never starve sending.
        looks = reconciliation.due(
            account=self._account, count=(wanted + 3) // 4, besides=self._looking, now=now
        )
        due = claims.due(account=self._account, count=wanted - len(looks), turn=self._sent, now=now)
        slots = rate_budget.reserve(
            len(looks) + len(due), now=now, within=CLAIM_AHEAD, lead=self._lead
        )
        if slots:
            # The time of day may be set at any moment: only their distance from `now` is true.
            leaves_at = [began + (slot - now).total_seconds() for slot in slots]
            self._sent_until = leaves_at[-1]
            self._look_up(looks, leaves_at)
            self._send(due, leaves_at[len(looks) :], now)
            self._pacer.record_started()
            self._is_filling = self._pacer.is_filling and len(slots) == wanted

    def _look_up(self, jobs: list[LookUp], leaves_at: list[float]) -> None:
        self._looking.update(job.pk for job in jobs)
        self._calls.start(list(zip(jobs, leaves_at, strict=False)))

    def _send(self, due: list[int], leaves_at: list[float], now: datetime) -> None:
        claimed = claims.claim(due, sender=self._sender, now=now)
        self._sent += len(claimed)
        self._calls.start(list(zip(claimed, leaves_at, strict=False)))

    def _write(self, ended: list[EndedCall[Job, Result]]) -> None:
        now = self._clock()
        self._pacer.record_ended(ended)
        # `_command_for` pairs them: a Claim ends with a CreatedAssignment, a LookUp with
        # UserAssignments.
        sent = cast("list[outcomes.Answer]", [a for a in ended if isinstance(a.job, Claim)])
        looked = cast(
            "list[reconciliation.Answer]", [a for a in ended if isinstance(a.job, LookUp)]
        )
        if sent:
            outcomes.settle(account=self._account, sender=self._sender, answers=sent, now=now)
        if looked:
            reconciliation.settle(account=self._account, answers=looked, now=now)
            self._looking -= {answer.job.pk for answer in looked}


def _command_for(job: Job) -> Command[Result]:
    if isinstance(job, LookUp):
        return commands.ReadUserAssignments(job.user_id)
    return commands.CreateAssignment(job.user_id, job.new)
