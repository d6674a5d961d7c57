"""How a sender takes turns between batches and keeps to rate limits, pauses and outages."""

import multiprocessing
import time
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any, cast

import pytest

from assignments.models import Account, LogEntry, RateBudget
from assignments.services.calls.call_process import CallProcess, EndedCall
from assignments.services.pacing.pacer import FIRST_CLAIM_ROWS, Pacer
from assignments.services.sending import claims, leases, sender
from assignments.services.sending.claims import Claim
from assignments.services.sending.outcomes import settle
from assignments.stackone.errors import RateLimited
from tests.log_fixtures import rows_named_by
from tests.waiting import HANG_SECONDS, wait_until

SENDER = "sender"


@pytest.fixture
def waiting(desk):
    """Return a batch whose rows are all unsent."""
    return desk.submit(people=6)


def claim_rows(desk, count, turn=0):
    """Claim that many rows."""
    due = claims.due(account=desk.account, count=count, turn=turn, now=desk.clock())
    return claims.claim(due, sender=SENDER, now=desk.clock())


def end(desk, claimed: list[Claim], reply):
    """Let the calls of claimed rows end with the reply."""
    now = desk.clock()
    ended_calls = [EndedCall(claim, reply, now) for claim in claimed]
    settle(account=desk.account, sender=SENDER, calls=ended_calls, now=now)


def deliver_for(desk, seconds):
    """Let a worker send for that many seconds."""
    ends = desk.clock() + timedelta(seconds=seconds)
    sender.deliver(account=desk.account, clock=desk.clock, may_go_on=lambda: desk.clock() < ends)


class NoCalls:
    """A call process whose calls never end."""

    in_flight = 0

    def set_limits(self, slots, rate):
        """Accept any limits."""


def test_the_first_calls_leave_before_hundreds_of_rows_are_claimed(desk, settings):
    settings.SENDER_CONCURRENCY, settings.STACKONE_REQUESTS_PER_MINUTE = 64, 60_000_000
    calls, counts = NoCalls(), list[int]()
    pacer = Pacer(desk.account, cast("CallProcess[Any, Any]", calls))

    while not counts or pacer.is_filling:
        counts.append(pacer.startable_calls(timedelta(0)))
        calls.in_flight += counts[-1]

    assert counts == [64, 128, 384]
    assert pacer.startable_calls(timedelta(0)) == 0


def test_running_batches_take_turns(desk):
    first, second = desk.submit(people=3), desk.submit(people=3, assigns_again=True, items=2)

    first_claims = claim_rows(desk, 4)
    later_claims = claim_rows(desk, 1, turn=4) + claim_rows(desk, 1, turn=5)

    assert [claim.row.batch_id for claim in first_claims] == [
        first.pk,
        second.pk,
        first.pk,
        second.pk,
    ]
    assert {claim.row.batch_id for claim in later_claims} == {first.pk, second.pk}


def test_a_small_batch_leaves_its_turns_to_a_large_one(desk):
    small, large = desk.submit(people=1), desk.submit(people=4, assigns_again=True, items=2)

    batches = [claim.row.batch_id for claim in claim_rows(desk, 5)]

    assert (batches.count(small.pk), batches.count(large.pk)) == (1, 4)


def test_a_rate_limit_of_the_key_makes_every_sender_back_off(desk, waiting):
    end(desk, claim_rows(desk, 2), RateLimited("Slow down.", retry_after=9))

    held = RateBudget.objects.get().next_slot_at - desk.clock()
    assert timedelta(seconds=8) < held <= timedelta(seconds=9)
    assert desk.states(waiting).count("queued") == 2


def test_a_rate_limit_of_a_provider_concerns_only_its_account(desk, waiting):
    end(desk, claim_rows(desk, 2), RateLimited("Slow down.", retry_after=9, is_from_provider=True))

    # The sync before may have reserved some milliseconds.
    held_until = desk.clock() + timedelta(seconds=1)
    assert not RateBudget.objects.filter(next_slot_at__gt=held_until).exists()
    assert desk.states(waiting).count("queued") == 2


def test_an_outage_leaves_most_rows_unsent(desk, settings):
    settings.SENDER_CONCURRENCY, settings.CANARY_ROWS = 4, 0
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    batch = desk.submit(people=40)
    desk.lms.set_faults({"reset-before": 1.0, "get-500": 1.0})

    deliver_for(desk, 4)

    states = desk.states(batch)
    assert (states.count("sending"), desk.lms.stats()["assignments"]) == (0, 0)
    assert states.count("unknown") <= 20


def test_a_long_pause_returns_claimed_rows_to_the_queue(desk):
    batch = desk.submit(people=6)
    desk.lms.set_faults({"429": 1.0})

    deliver_for(desk, 2)

    assert set(desk.states(batch)) <= {"queued", "planned"}


@pytest.mark.parametrize("reading", range(1, 9))
def test_a_clock_set_back_between_two_readings_delays_nothing(desk, waiting, reading):
    readings, ends = count(), time.monotonic() + HANG_SECONDS

    def clock():
        is_ahead = next(readings) < reading
        return desk.clock() + timedelta(hours=is_ahead)

    sender.deliver(account=desk.account, clock=clock, may_go_on=lambda: time.monotonic() < ends)

    assert time.monotonic() < ends
    assert set(desk.states(waiting)) == {"created"}


def test_calls_may_leave_for_less_time_than_the_lease_lasts():
    assert sender.RENEW_EVERY < sender.SAFE_LEASE < leases.LEASE.total_seconds()


@pytest.fixture
def deliver_in_groups(desk, settings, monkeypatch):
    """Return a function that makes ten calls a second and acts before each group but the first.

    It returns how many groups there were. If the act returns false, nothing more is started.
    """
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    monkeypatch.setattr(sender, "RENEW_EVERY", 0.0)

    def deliver(act):
        groups = count()

        def may_go_on():
            return not next(groups) or act() is not False

        sender.deliver(account=desk.account, clock=desk.clock, may_go_on=may_go_on)
        return next(groups)

    return deliver


def test_a_sender_that_lost_its_lease_starts_nothing_more(desk, settings, deliver_in_groups):
    settings.CANARY_ROWS = 100
    # More than one group can be, however late the second one begins.
    batch = desk.submit(people=50)
    lost = {"sender": "another", "sender_lease_until": desk.clock() + timedelta(hours=1)}

    groups = deliver_in_groups(lambda: Account.objects.update(**lost))

    states = desk.states(batch)
    assert (groups, "sending" in states) == (2, False)
    assert Account.objects.values("sender", "sender_lease_until").get() == lost
    assert states.count("created") == desk.lms.stats()["assignments"] < len(states)


@pytest.fixture
def two_calls_that_hang(desk, settings):
    """Let two calls be made at a time, and the LMS answer none within the time-out."""
    settings.STACKONE_REQUESTS_PER_MINUTE, settings.SENDER_CONCURRENCY = 60_000, 2
    settings.STACKONE_TIMEOUT_SECONDS = 2
    desk.lms.set_faults({"hang": 1.0})


def creates_received(desk):
    """Return how many creates have reached the LMS, with or without a response."""
    route = "POST /unified/lms/users/{id}/assignments"
    return sum(desk.lms.stats()["requests"].get(route, {}).values())


def pause(desk):
    """Pause the account; the sender goes on."""
    Account.objects.update(paused_at=desk.clock(), pause_reason="StackOne refused the key.")
    return True


def stop(desk):
    """Let the sender start nothing more."""
    return False


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (pause, b"Sending was paused before the request was sent."),
        (stop, b"The sender stopped before the request was sent."),
    ],
)
def test_calls_that_wait_return_to_the_queue(
    desk, waiting, deliver_in_groups, two_calls_that_hang, act, reason
):
    def act_during_both_calls():
        wait_until(lambda: creates_received(desk) == 2, "both calls reach the LMS")
        return act(desk)

    deliver_in_groups(act_during_both_calls)

    states = desk.states(waiting)
    assert (states.count("unknown"), "sending" in states) == (2, False)
    deferred = LogEntry.objects.filter(action="calls.deferred").values_list("body", flat=True)
    assert deferred
    assert all(reason in body for body in deferred)


def test_a_sender_whose_call_process_died_claims_no_more_rows(desk, settings, deliver_in_groups):
    settings.CANARY_ROWS = 100
    batch = desk.submit(people=50, items=2)

    def kill_process():
        for process in multiprocessing.active_children():
            process.kill()
            process.join(HANG_SECONDS)

    groups = deliver_in_groups(kill_process)

    states = Counter(desk.states(batch))
    assert groups == 2
    assert 0 < states["unknown"] <= FIRST_CLAIM_ROWS
    assert states.total() == 100
    assert set(states) <= {"planned", "queued", "unknown", "created"}


def test_a_lease_is_renewed_while_calls_are_made(desk, waiting, deliver_in_groups):
    lasts = []

    def let_time_pass():
        lasts.append(Account.objects.get().sender_lease_until - desk.clock())
        desk.clock.skip(seconds=15)

    deliver_in_groups(let_time_pass)

    assert min(lasts[:2]) > leases.LEASE - timedelta(seconds=5)
    assert set(desk.states(waiting)) == {"created"}


def test_batches_take_turns_even_if_one_row_is_claimed_at_a_time(desk, settings):
    settings.STACKONE_REQUESTS_PER_MINUTE, settings.CANARY_ROWS = 150, 0
    first, second = desk.submit(people=4), desk.submit(people=4, assigns_again=True, items=2)

    def may_go_on():
        return desk.lms.stats()["assignments"] < 4

    sender.deliver(account=desk.account, clock=desk.clock, may_go_on=may_go_on)

    sent = [len(list(filter("planned".__ne__, desk.states(batch)))) for batch in (first, second)]
    assert min(sent) >= 2


def test_a_sender_sends_all_that_are_due_even_one_at_a_time(desk, settings):
    settings.SENDER_CONCURRENCY = 1
    batch = desk.submit(people=4)

    desk.deliver()

    assert set(desk.states(batch)) == {"created"}


def test_no_row_is_claimed_while_the_key_backs_off(desk, waiting):
    RateBudget.objects.update(next_slot_at=desk.clock() + timedelta(hours=1))
    groups = count()

    sender.deliver(account=desk.account, clock=desk.clock, may_go_on=lambda: not next(groups))

    assert set(waiting.assignments.values_list("state", "attempt")) == {("planned", 0)}


@pytest.fixture
def deliver_in_steps(desk, settings, monkeypatch):
    """Return a function that delivers while the clock moves by five seconds before each group."""
    settings.SETTLE_SECONDS, settings.STACKONE_TIMEOUT_SECONDS = 30, 10
    monkeypatch.setattr(sender, "RENEW_EVERY", 0.0)

    def deliver():
        groups = count()

        def may_go_on():
            desk.clock.skip(seconds=5)
            return next(groups) < 400

        sender.deliver(account=desk.account, clock=desk.clock, may_go_on=may_go_on)

    return deliver


def test_a_row_is_read_back_until_it_is_settled_while_another_call_hangs(desk, deliver_in_steps):
    batch = desk.submit(people=2)
    desk.lms.set_faults(script=["500", "hang"])
    desk.lms.set_limits(latency_ms=150)

    deliver_in_steps()

    resent = batch.assignments.get(attempt=2)
    assert (resent.state, resent.resends) == ("created", 1)
    hung = batch.assignments.exclude(pk=resent.pk).get()
    entries = list(LogEntry.objects.order_by("seq").values_list("subject", "action"))
    assert entries.index((f"assignment/{resent.pk}", "assignment.created")) < entries.index(
        (f"assignment/{hung.pk}", "assignment.outcome_unknown")
    )
    # Nothing is requested twice: each request for the records of a person is named by an entry.
    looked_up = rows_named_by("assignments.looked_up").total()
    read_backs = looked_up + sum(action == "assignment.requeued" for _, action in entries)
    requests = desk.lms.stats()["requests"]["GET /unified/lms/users/{id}/assignments"]
    assert requests == {"200": read_backs}


def test_no_two_calls_share_a_send_slot(desk, settings, monkeypatch, deliver_in_steps):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    send_times, start = list[float](), CallProcess.start

    def recorded(process, jobs):
        send_times.extend(send_time for _, send_time in jobs)
        start(process, jobs)

    monkeypatch.setattr(CallProcess, "start", recorded)
    desk.submit(people=20)
    desk.lms.set_faults(script=["500"] * 3)

    deliver_in_steps()

    assert len(send_times) > 23
    assert len(set(send_times)) == len(send_times)
