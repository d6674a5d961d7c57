"""Calls in flight: groups, leases, and what becomes of a job when our own code is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.models import RequestBudget
from assignments.queries import words
from assignments.services import budget
from assignments.services.calls import Calls
from assignments.stackone.client import StackOne
from assignments.stackone.errors import NotSent, OutcomeUnknown

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def opened() -> StackOne:
    """Return a client that is never used."""
    return StackOne(base_url="http://127.0.0.1:9", api_key="k", account_id="a")


def calls(call):
    """Return calls of two slots at once."""
    return Calls(call=call, open_client=opened, slots=2, clock=lambda: datetime.now(UTC))


def ended(running, count):
    """Return how so many calls ended."""
    found = []
    for _ in range(200):
        found += running.ended(within=0.01)
        if len(found) == count:
            return found
    raise AssertionError(f"{len(found)} of {count} calls ended.")


def test_calls_end_with_their_replies():
    running = calls(lambda _, job: f"reply to {job}")
    running.extend(60)
    for job in ("a", "b"):
        running.start(job, at=datetime.now(UTC))
    assert (running.in_flight, running.free) == (2, 0)

    found = ended(running, 2)
    running.close()

    assert {(one.job, one.reply) for one in found} == {("a", "reply to a"), ("b", "reply to b")}
    assert running.free == 2


def test_nothing_leaves_without_a_lease():
    left = []
    running = calls(lambda _, job: left.append(job))
    running.start("late", at=datetime.now(UTC))

    (only,) = ended(running, 1)
    running.close()

    assert isinstance(only.reply, NotSent)
    assert left == []


def test_a_bug_of_ours_leaves_the_outcome_unknown(caplog):
    running = calls(lambda _, job: 1 / job)
    running.extend(60)
    running.start(0, at=datetime.now(UTC))

    (only,) = ended(running, 1)
    running.close()

    assert isinstance(only.reply, OutcomeUnknown)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db
def test_the_budget_is_shared_by_everybody_who_takes(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600

    first, second = budget.take(2, now=NOON), budget.take(2, now=NOON)

    tenth = timedelta(milliseconds=100)
    assert first + second == [NOON + tenth * n for n in range(4)]


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
