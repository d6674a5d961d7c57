"""Calls in flight: groups, leases, and what becomes of a job when our own code is wrong."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import RequestBudget
from assignments.queries import words
from assignments.services import budget
from assignments.services.calls import Calls
from assignments.stackone.api import AsyncStackOne
from assignments.stackone.errors import NotSent, OutcomeUnknown
from assignments.stackone.pacing import spacing

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def opened() -> AsyncStackOne:
    """Return a client that is never used."""
    return AsyncStackOne(base_url="http://127.0.0.1:9", api_key="k", account_id="a")


@pytest.fixture
def running():
    """Return a maker of calls of two slots at once, which end with the test."""
    made = []

    def make(call):
        made.append(Calls(call=call, open_client=opened, slots=2, clock=lambda: datetime.now(UTC)))
        return made[-1]

    yield make
    for calls in made:
        calls.close()


def start(calls, *jobs, after=0.0):
    """Start jobs that may leave so many seconds from now."""
    at = datetime.now(UTC) + timedelta(seconds=after)
    calls.start([(job, at) for job in jobs])


def ended(calls, count):
    """Return how so many calls ended."""
    found = []
    for _ in range(200):
        found += calls.ended(within=0.01)
        if len(found) == count:
            return found
    raise AssertionError(f"{len(found)} of {count} calls ended.")


async def echoed(_, job):
    """Reply at once."""
    return f"reply to {job}"


def test_calls_end_with_their_replies(running):
    calls = running(echoed)
    calls.extend(60)
    start(calls, "a", "b")
    assert calls.in_flight == 2

    found = ended(calls, 2)

    assert {(one.job, one.reply) for one in found} == {("a", "reply to a"), ("b", "reply to b")}
    assert calls.in_flight == 0


def test_no_more_calls_are_out_than_there_are_slots(running):
    out, most = [], []

    async def call(_, job):
        out.append(job)
        most.append(len(out))
        await asyncio.sleep(0.01)
        out.remove(job)

    calls = running(call)
    calls.extend(60)
    start(calls, *range(20))
    ended(calls, 10)
    assert max(most) == 2

    calls.allow(4, per_second=10_000)
    start(calls, *range(20, 40))
    ended(calls, 30)
    assert max(most) == 4


def test_a_call_leaves_at_its_time(running):
    calls = running(echoed)
    calls.extend(60)
    began = datetime.now(UTC)
    start(calls, "later", after=0.2)

    (only,) = ended(calls, 1)

    assert timedelta(seconds=0.2) <= only.ended_at - began < timedelta(seconds=0.4)


def test_nothing_leaves_without_a_lease(running):
    left = []

    async def call(_, job):
        left.append(job)

    calls = running(call)
    start(calls, "late")

    (only,) = ended(calls, 1)

    assert isinstance(only.reply, NotSent)
    assert left == []


def test_what_still_waits_when_the_sender_stops_never_leaves(running):
    calls = running(echoed)
    calls.extend(60)
    start(calls, "waits", after=30)

    calls.close()
    (only,) = calls.ended(within=0)

    assert (only.job, type(only.reply)) == ("waits", NotSent)


def test_a_bug_of_ours_leaves_the_outcome_unknown(running, caplog):
    async def call(_, job):
        return 1 / job

    calls = running(call)
    calls.extend(60)
    start(calls, 0)

    (only,) = ended(calls, 1)

    assert isinstance(only.reply, OutcomeUnknown)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db
def test_the_budget_is_shared_by_everybody_who_takes(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600

    first, second = budget.take(2, now=NOON), budget.take(2, now=NOON)

    assert first + second == [NOON + spacing(600) * n for n in range(4)]


@pytest.mark.django_db
def test_the_budget_reserves_nothing_that_is_too_far_off(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600
    budget.hold_until(NOON + timedelta(seconds=9), now=NOON)

    assert budget.take(1, now=NOON, within=timedelta(seconds=1)) == []
    assert RequestBudget.objects.get().next_slot_at == NOON + timedelta(seconds=9)
    later = NOON + timedelta(seconds=8, milliseconds=500)
    assert budget.take(1, now=later, within=timedelta(seconds=1)) == [NOON + timedelta(seconds=9)]


@pytest.mark.django_db
def test_the_budget_does_not_know_the_key(settings):
    settings.STACKONE_API_KEY = "canary-key-0123456789"
    budget.take(1, now=NOON)

    assert "canary" not in RequestBudget.objects.get().key


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        pytest.param(0.2, "less than a second", id="almost nothing"),
        pytest.param(1, "about 1 second", id="one second"),
        pytest.param(45, "about 45 seconds", id="seconds"),
        pytest.param(95, "about 1 min 35 s", id="a minute and more"),
        pytest.param(60, "about 1 min", id="a minute"),
        pytest.param(50 * 60, "about 50 min", id="minutes"),
        pytest.param(3 * 3600, "about 3 h", id="hours"),
        pytest.param(3 * 86400, "about 3 days", id="days"),
    ],
)
def test_duration_is_said_as_people_say_it(seconds, said):
    assert words.duration(seconds) == said


@given(st.integers(0, 10**7))
def test_duration_always_has_words(seconds):
    assert words.duration(seconds)


@pytest.mark.parametrize(
    ("count", "said"),
    [pytest.param(1, "1 person", id="one"), pytest.param(3412, "3,412 people", id="many")],
)
def test_people_are_counted_in_words(count, said):
    assert words.people(count) == said
