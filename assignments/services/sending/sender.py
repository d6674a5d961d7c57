"""Send one account's due rows: claim them, make the calls, write outcomes, read back unknowns."""

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings

from assignments.models import Account
from assignments.queries.work_due import CLOCK_TOLERANCE, has_work
from assignments.services.batches import release
from assignments.services.calls.call_process import CallProcess, EndedCall
from assignments.services.calls.connections import client_options
from assignments.services.pacing import rate_budget
from assignments.services.pacing.pacer import CLAIM_AHEAD, Pacer
from assignments.services.sending import (
    call_counts,
    claims,
    clock_changes,
    leases,
    outcomes,
    reconciliation,
)
from assignments.services.sending.claims import Claim, DueRow
from assignments.services.sending.reconciliation import ReadBack
from assignments.services.sending.refusals import UndecidedCalls
from assignments.stackone import commands
from assignments.stackone.commands import Command, UserAssignments
from assignments.stackone.resources import CreatedAssignment
from assignments.stackone.send_slots import reservation_lead

Clock = Callable[[], datetime]
Job = Claim | ReadBack
Result = CreatedAssignment | UserAssignments

# Claim more rows when less than this of the time ahead is filled with calls.
REFILL_BELOW: Final = CLAIM_AHEAD / 2
# Seconds: between renewals, until calls may no longer leave, between groups, and at least.
RENEW_EVERY: Final = 4.0
SAFE_LEASE: Final = leases.LEASE.total_seconds() - 5
GROUP_EVERY: Final = 0.1
SHORTEST_WAIT: Final = 0.002


def deliver(*, account: Account, clock: Clock, may_go_on: Callable[[], bool]) -> None:
    """Send the account's rows until none is due, unless another sender holds the lease.

    When `may_go_on` turns false, calls in flight are waited for and nothing new is started.
    """
    sender = str(uuid.uuid4())
    if not leases.acquire(account, sender=sender, now=clock()):
        return
    try:
        clock_changes.note(account, now=clock())
        claims.recover(account=account, sender=sender, now=clock())
        call_counts.delete_old(now=clock())
        _Sender(account, sender, clock).run(may_go_on)
    finally:
        leases.release(account, sender=sender)


class _Sender:
    """The loop of one sender; all its database statements run in its own thread."""

    def __init__(self, account: Account, sender: str, clock: Clock) -> None:
        self._account = account
        self._sender = sender
        self._clock = clock
        self._renewed_monotonic = 0.0
        self._clock_offset = self._offset_to_monotonic()
        self._sent_until_monotonic = 0.0
        self._next_group_monotonic = 0.0
        self._sent = 0
        self._is_filling = False
        self._reading_back: set[int] = set()
        self._undecided_sends: UndecidedCalls[Claim, CreatedAssignment] = UndecidedCalls()
        self._undecided_read_backs: UndecidedCalls[ReadBack, UserAssignments] = UndecidedCalls()
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
                is_running = may_go_on()
                if is_running:
                    self._start()
                else:
                    self._calls.cancel_waiting("The sender stopped before the request was sent.")
                self._write(self._calls.wait_for_ended(seconds=self._seconds_to_wait()))
                if not self._calls.in_flight and not (is_running and self._has_work()):
                    break
        finally:
            self._calls.close()
            self._write(self._calls.wait_for_ended(seconds=0))

    def _has_work(self) -> bool:
        return has_work(self._account, now=self._clock())

    def _seconds_to_wait(self) -> float:
        """Return how long to wait for calls to end, so that groups start at an even pace."""
        now = time.monotonic()
        # The last wait was shorter if all calls had ended.
        started = min(self._next_group_monotonic, now)
        interval = 0.0 if self._is_filling else GROUP_EVERY
        self._next_group_monotonic = max(started + interval, now + SHORTEST_WAIT)
        return self._next_group_monotonic - now

    def _keep_lease(self) -> bool:
        is_fresh = time.monotonic() - self._renewed_monotonic < RENEW_EVERY
        if is_fresh and not self._was_clock_set():
            return True
        if not leases.renew(self._account, sender=self._sender, now=self._clock()):
            return False
        self._renewed_monotonic = time.monotonic()
        clock_changes.note(self._account, now=self._clock())
        self._pacer.store_rate(self._clock())
        self._calls.extend_lease(SAFE_LEASE)
        return True

    def _was_clock_set(self) -> bool:
        previous, self._clock_offset = self._clock_offset, self._offset_to_monotonic()
        return abs(self._clock_offset - previous) > CLOCK_TOLERANCE.total_seconds()

    def _offset_to_monotonic(self) -> float:
        return self._clock().timestamp() - time.monotonic()

    def _start(self) -> None:
        now = self._clock()
        self._is_filling = False
        self._account.refresh_from_db(fields=["paused_at", "refusals"])
        if self._account.paused_at is not None:
            self._calls.cancel_waiting("Sending was paused before the request was sent.")
            return
        if self._undecided_sends or self._undecided_read_backs:
            return
        release.release_due(account=self._account, now=now)
        # Measured by the monotonic clock, because the time of day may be set at any moment.
        ahead = timedelta(seconds=max(0.0, self._sent_until_monotonic - time.monotonic()))
        wanted = self._pacer.startable_calls(ahead)
        if self._account.refusals:
            wanted = 0 if self._calls.in_flight else min(wanted, 1)
        if wanted and ahead <= REFILL_BELOW:
            self._start_calls(wanted)

    def _start_calls(self, wanted: int) -> None:
        now, now_monotonic = self._clock(), time.monotonic()
        # A quarter of the budget at most, so that read-backs never starve sending.
        read_backs = reconciliation.due(
            account=self._account,
            count=(wanted + 3) // 4,
            in_flight=self._reading_back,
            now=now,
        )
        due_rows = claims.due(
            account=self._account, count=wanted - len(read_backs), turn=self._sent, now=now
        )
        count = len(read_backs) + len(due_rows)
        slots = rate_budget.reserve(count, now=now, within=CLAIM_AHEAD, lead=self._lead)
        if slots:
            # Only the distance of a slot from `now` is reliable: the time of day may be set.
            leaves_at = [now_monotonic + (slot - now).total_seconds() for slot in slots]
            self._sent_until_monotonic = leaves_at[-1]
            self._read_back(read_backs, leaves_at)
            self._send(due_rows, leaves_at[len(read_backs) :], now)
            self._pacer.record_started()
            self._is_filling = self._pacer.is_filling and len(slots) == wanted

    def _read_back(self, jobs: list[ReadBack], leaves_at: list[float]) -> None:
        self._reading_back.update(job.pk for job in jobs)
        self._calls.start(list(zip(jobs, leaves_at, strict=False)))

    def _send(self, due_rows: list[DueRow], leaves_at: list[float], now: datetime) -> None:
        claimed = claims.claim(due_rows, sender=self._sender, now=now)
        self._sent += len(claimed)
        self._calls.start(list(zip(claimed, leaves_at, strict=False)))

    def _write(self, ended: list[EndedCall[Job, Result]]) -> None:
        now = self._clock()
        self._pacer.record_ended(ended)
        # `_command_for` pairs them: Claim with CreatedAssignment, ReadBack with UserAssignments.
        sent = cast("list[outcomes.EndedSend]", [e for e in ended if isinstance(e.job, Claim)])
        read = cast(
            "list[reconciliation.EndedReadBack]", [e for e in ended if isinstance(e.job, ReadBack)]
        )
        in_flight = self._calls.in_flight
        sent = self._undecided_sends.decidable(sent, in_flight=in_flight)
        read = self._undecided_read_backs.decidable(read, in_flight=in_flight)
        if sent:
            outcomes.settle(account=self._account, sender=self._sender, calls=sent, now=now)
        if read:
            reconciliation.settle(account=self._account, read_backs=read, now=now)
            self._reading_back -= {call.job.pk for call in read}


def _command_for(job: Job) -> Command[Result]:
    if isinstance(job, ReadBack):
        return commands.ReadUserAssignments(job.user_id)
    return commands.CreateAssignment(job.user_id, job.new)
