"""The call scheduler: limits, send times, leases, and bugs during a call."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.call_scheduler import CallScheduler, FinishedCall, ScheduledCall
from assignments.stackone.errors import HeldBack, OutcomeUnknown, RateLimited


@dataclass
class FunctionCommand:
    """A command that awaits a function of the test."""

    function: Callable[[], Awaitable[object]]

    async def run(self, _: AsyncStackOne) -> object:
        """Await the function."""
        return await self.function()


async def respond():
    """Return a result immediately."""
    return "result"


def run_scheduler(steps, *, concurrency=2, lease_seconds=60.0):
    """Run `steps` with a scheduler and return the calls that finished by the end."""
    finished: list[FinishedCall] = []

    async def run():
        async with AsyncStackOne(
            base_url="http://127.0.0.1:9", api_key="k", account_id="a"
        ) as client:
            scheduler = CallScheduler(client, finished.append)
            scheduler.set_limits(concurrency, per_second=100_000)
            scheduler.extend_lease(time.monotonic() + lease_seconds)
            await steps(scheduler)
            await scheduler.finish()

    asyncio.run(run())
    return finished


def scheduled(function, *numbers, after=0.0):
    """Return calls that may be sent so many seconds from now."""
    return [
        ScheduledCall(number, time.monotonic() + after, FunctionCommand(function))
        for number in numbers
    ]


def test_calls_finish_with_their_results():
    async def steps(scheduler):
        scheduler.schedule(scheduled(respond, 1, 2))
        await asyncio.sleep(0.05)

    finished = run_scheduler(steps)

    assert [(call.number, call.result) for call in finished] == [(1, "result"), (2, "result")]


def test_the_concurrency_limit_is_observed():
    in_flight, counts = [], []

    async def call():
        in_flight.append(1)
        counts.append(len(in_flight))
        await asyncio.sleep(0.005)
        in_flight.pop()

    async def steps(scheduler):
        scheduler.schedule(scheduled(call, *range(10)))
        await asyncio.sleep(0.1)
        assert max(counts) == 2
        scheduler.set_limits(4, per_second=100_000)
        scheduler.schedule(scheduled(call, *range(10, 30)))
        await asyncio.sleep(0.2)

    finished = run_scheduler(steps)

    assert (len(finished), max(counts)) == (30, 4)


def test_a_call_is_sent_at_its_time():
    began = time.monotonic()

    async def steps(scheduler):
        scheduler.schedule(scheduled(respond, 1, after=0.2))
        await asyncio.sleep(0.4)

    (only,) = run_scheduler(steps)

    assert 0.2 <= only.ended_monotonic - began < 0.35


def test_no_call_is_sent_without_a_lease():
    sent = []

    async def call():
        sent.append(1)

    async def steps(scheduler):
        scheduler.schedule(scheduled(call, 1))
        await asyncio.sleep(0.05)

    (only,) = run_scheduler(steps, lease_seconds=-1)

    assert (type(only.result), only.sample, sent) == (HeldBack, None, [])


def test_calls_that_still_wait_at_the_end_are_not_sent():
    async def steps(scheduler):
        scheduler.schedule(scheduled(respond, 1, after=30))

    (only,) = run_scheduler(steps)

    assert (type(only.result), only.sample) == (HeldBack, None)


def test_calls_in_flight_at_the_end_are_awaited():
    async def slow():
        await asyncio.sleep(0.1)
        return "late"

    async def steps(scheduler):
        scheduler.schedule(scheduled(slow, 1, 2, 3))

    finished = run_scheduler(steps)

    results = {call.number: call.result for call in finished}
    assert (results[1], results[2], type(results[3])) == ("late", "late", HeldBack)


def test_cancelled_calls_have_the_reason():
    async def steps(scheduler):
        scheduler.schedule(scheduled(respond, 1, after=30))
        scheduler.cancel_waiting("Sending was paused before the request was sent.")

    (only,) = run_scheduler(steps)

    assert str(only.result) == "Sending was paused before the request was sent."


def test_a_refusal_delays_waiting_calls():
    sent = []

    async def refused():
        sent.append(time.monotonic())
        raise RateLimited("Slow down.", retry_after=0.2)

    async def steps(scheduler):
        scheduler.schedule(scheduled(refused, 1))
        await asyncio.sleep(0.02)
        scheduler.schedule(scheduled(refused, 2))
        await asyncio.sleep(0.3)

    first, second = run_scheduler(steps)

    assert [type(first.result), type(second.result)] == [RateLimited, RateLimited]
    assert sent[1] - sent[0] >= 0.2


def test_a_bug_during_a_call_leaves_the_outcome_unknown(caplog):
    async def wrong():
        raise ZeroDivisionError

    async def steps(scheduler):
        scheduler.schedule(scheduled(wrong, 1))
        await asyncio.sleep(0.02)

    (only,) = run_scheduler(steps)

    assert isinstance(only.result, OutcomeUnknown)
    assert "ZeroDivisionError" in caplog.text
