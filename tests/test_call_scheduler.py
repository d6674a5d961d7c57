"""Calls in flight: slots, times, leases, and what becomes of a call when our own code is wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.call_scheduler import CallScheduler, FinishedCall, ScheduledCall
from assignments.stackone.errors import NotSent, OutcomeUnknown, RateLimited


@dataclass
class Doing:
    """An errand that does what a test wants."""

    what: Callable[[], Awaitable[object]]

    async def run(self, _: AsyncStackOne) -> object:
        """Do it."""
        return await self.what()


async def said():
    """Reply at once."""
    return "reply"


def flown(steps, *, concurrency=2, leave_for=60.0):
    """Return what landed while an async function of the flight ran, and until nothing was out."""
    finished: list[FinishedCall] = []

    async def fly():
        async with AsyncStackOne(
            base_url="http://127.0.0.1:9", api_key="k", account_id="a"
        ) as client:
            scheduler = CallScheduler(client, finished.append)
            scheduler.set_limits(concurrency, per_second=100_000)
            scheduler.extend_lease(time.monotonic() + leave_for)
            await steps(scheduler)
            await scheduler.finish()

    asyncio.run(fly())
    return finished


def planned(what, *numbers, after=0.0):
    """Return errands that may leave so many seconds from now."""
    return [ScheduledCall(number, time.monotonic() + after, Doing(what)) for number in numbers]


def test_calls_land_with_their_replies():
    async def steps(scheduler):
        scheduler.schedule(planned(said, 1, 2))
        await asyncio.sleep(0.05)

    finished = flown(steps)

    assert [(one.number, one.result) for one in finished] == [(1, "reply"), (2, "reply")]


def test_no_more_calls_are_out_than_there_are_slots():
    out, most = [], []

    async def call():
        out.append(1)
        most.append(len(out))
        await asyncio.sleep(0.005)
        out.pop()

    async def steps(scheduler):
        scheduler.schedule(planned(call, *range(10)))
        await asyncio.sleep(0.1)
        assert max(most) == 2
        scheduler.set_limits(4, per_second=100_000)
        scheduler.schedule(planned(call, *range(10, 30)))
        await asyncio.sleep(0.2)

    finished = flown(steps)

    assert (len(finished), max(most)) == (30, 4)


def test_a_call_leaves_at_its_time():
    began = time.monotonic()

    async def steps(scheduler):
        scheduler.schedule(planned(said, 1, after=0.2))
        await asyncio.sleep(0.4)

    (only,) = flown(steps)

    assert 0.2 <= only.ended_monotonic - began < 0.35


def test_nothing_leaves_without_a_lease():
    left = []

    async def call():
        left.append(1)

    async def steps(scheduler):
        scheduler.schedule(planned(call, 1))
        await asyncio.sleep(0.05)

    (only,) = flown(steps, leave_for=-1)

    assert (type(only.result), only.sample, left) == (NotSent, None, [])


def test_what_still_waits_at_the_end_never_leaves():
    async def steps(scheduler):
        scheduler.schedule(planned(said, 1, after=30))

    (only,) = flown(steps)

    assert (type(only.result), only.sample) == (NotSent, None)


def test_what_is_out_at_the_end_is_waited_for():
    async def slow():
        await asyncio.sleep(0.1)
        return "late"

    async def steps(scheduler):
        scheduler.schedule(planned(slow, 1, 2, 3))

    finished = flown(steps)

    replies = {one.number: one.result for one in finished}
    assert (replies[1], replies[2], type(replies[3])) == ("late", "late", NotSent)


def test_what_is_recalled_says_why():
    async def steps(scheduler):
        scheduler.schedule(planned(said, 1, after=30))
        scheduler.cancel_waiting("Sending was paused before the request was sent.")

    (only,) = flown(steps)

    assert str(only.result) == "Sending was paused before the request was sent."


def test_a_refusal_holds_what_waits():
    left = []

    async def refused():
        left.append(time.monotonic())
        raise RateLimited("Slow down.", retry_after=0.2)

    async def steps(scheduler):
        scheduler.schedule(planned(refused, 1))
        await asyncio.sleep(0.02)
        scheduler.schedule(planned(refused, 2))
        await asyncio.sleep(0.3)

    first, second = flown(steps)

    assert [type(first.result), type(second.result)] == [RateLimited, RateLimited]
    assert left[1] - left[0] >= 0.2


def test_a_bug_of_ours_leaves_the_outcome_unknown(caplog):
    async def wrong():
        raise ZeroDivisionError

    async def steps(scheduler):
        scheduler.schedule(planned(wrong, 1))
        await asyncio.sleep(0.02)

    (only,) = flown(steps)

    assert isinstance(only.result, OutcomeUnknown)
    assert "ZeroDivisionError" in caplog.text
