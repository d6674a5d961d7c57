"""Calls in flight: slots, times, leases, and what becomes of a call when our own code is wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from assignments.stackone.api import AsyncStackOne
from assignments.stackone.call_scheduler import Flight, Landed, Planned
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


def flown(steps, *, slots=2, leave_for=60.0):
    """Return what landed while an async function of the flight ran, and until nothing was out."""
    landed: list[Landed] = []

    async def fly():
        async with AsyncStackOne(
            base_url="http://127.0.0.1:9", api_key="k", account_id="a"
        ) as client:
            flight = Flight(client, landed.append)
            flight.allow(slots, per_second=100_000)
            flight.extend(time.monotonic() + leave_for)
            await steps(flight)
            await flight.finish()

    asyncio.run(fly())
    return landed


def planned(what, *numbers, after=0.0):
    """Return errands that may leave so many seconds from now."""
    return [Planned(number, time.monotonic() + after, Doing(what)) for number in numbers]


def test_calls_land_with_their_replies():
    async def steps(flight):
        flight.take(planned(said, 1, 2))
        await asyncio.sleep(0.05)

    landed = flown(steps)

    assert [(one.number, one.reply) for one in landed] == [(1, "reply"), (2, "reply")]


def test_no_more_calls_are_out_than_there_are_slots():
    out, most = [], []

    async def call():
        out.append(1)
        most.append(len(out))
        await asyncio.sleep(0.005)
        out.pop()

    async def steps(flight):
        flight.take(planned(call, *range(10)))
        await asyncio.sleep(0.1)
        assert max(most) == 2
        flight.allow(4, per_second=100_000)
        flight.take(planned(call, *range(10, 30)))
        await asyncio.sleep(0.2)

    landed = flown(steps)

    assert (len(landed), max(most)) == (30, 4)


def test_a_call_leaves_at_its_time():
    began = time.monotonic()

    async def steps(flight):
        flight.take(planned(said, 1, after=0.2))
        await asyncio.sleep(0.4)

    (only,) = flown(steps)

    assert 0.2 <= only.ended_at - began < 0.35


def test_nothing_leaves_without_a_lease():
    left = []

    async def call():
        left.append(1)

    async def steps(flight):
        flight.take(planned(call, 1))
        await asyncio.sleep(0.05)

    (only,) = flown(steps, leave_for=-1)

    assert (type(only.reply), only.echo, left) == (NotSent, None, [])


def test_what_still_waits_at_the_end_never_leaves():
    async def steps(flight):
        flight.take(planned(said, 1, after=30))

    (only,) = flown(steps)

    assert (type(only.reply), only.echo) == (NotSent, None)


def test_what_is_out_at_the_end_is_waited_for():
    async def slow():
        await asyncio.sleep(0.1)
        return "late"

    async def steps(flight):
        flight.take(planned(slow, 1, 2, 3))

    landed = flown(steps)

    replies = {one.number: one.reply for one in landed}
    assert (replies[1], replies[2], type(replies[3])) == ("late", "late", NotSent)


def test_what_is_recalled_says_why():
    async def steps(flight):
        flight.take(planned(said, 1, after=30))
        flight.recall("Sending was paused before the request left.")

    (only,) = flown(steps)

    assert str(only.reply) == "Sending was paused before the request left."


def test_a_refusal_holds_what_waits():
    left = []

    async def refused():
        left.append(time.monotonic())
        raise RateLimited("Slow down.", retry_after=0.2)

    async def steps(flight):
        flight.take(planned(refused, 1))
        await asyncio.sleep(0.02)
        flight.take(planned(refused, 2))
        await asyncio.sleep(0.3)

    first, second = flown(steps)

    assert [type(first.reply), type(second.reply)] == [RateLimited, RateLimited]
    assert left[1] - left[0] >= 0.2


def test_a_bug_of_ours_leaves_the_outcome_unknown(caplog):
    async def wrong():
        raise ZeroDivisionError

    async def steps(flight):
        flight.take(planned(wrong, 1))
        await asyncio.sleep(0.02)

    (only,) = flown(steps)

    assert isinstance(only.reply, OutcomeUnknown)
    assert "ZeroDivisionError" in caplog.text
