"""The process of calls: what its owner hears of it, and what becomes of it when either is gone."""

import os
import pickle
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from assignments.services.calls.call_process import PROCESS_DIED, CallProcess
from assignments.stackone.commands import CreateAssignment, ReadUserAssignments, UserAssignments
from assignments.stackone.errors import NotSent, OutcomeUnknown, RateLimited
from assignments.stackone.resources import CreatedAssignment, NewAssignment
from tests.sandbox_process import outlives_owner, running_sandbox


@dataclass(frozen=True)
class Job:
    """Assign the item to somebody."""

    user_id: str


@pytest.fixture(scope="module")
def lms():
    """Return a sandbox of its own, whose faults no other test feels."""
    with running_sandbox(learners=30, content=20, requests_per_minute=0) as sandbox:
        yield sandbox


@pytest.fixture
def item(lms):
    """Return an item that can be assigned."""
    lms.reset()
    lms.set_faults({})
    return listed(lms, "content")[0]["external_reference"]


@pytest.fixture
def people(lms):
    """Return the ids of people."""
    return [person["id"] for person in listed(lms, "users")]


def listed(lms, what):
    """Return a page of what is active in the sandbox."""
    with lms.client() as client:
        found = client.get(f"/unified/lms/{what}").raise_for_status().json()["data"]
    return [one for one in found if one["active"]]


@pytest.fixture
def calls(lms, item):
    """Return calls that may leave, which end with the test."""
    new = NewAssignment(item, "", None, "pending", None, None)
    made: CallProcess[Job, CreatedAssignment] = CallProcess(
        command_for=lambda job: CreateAssignment(job.user_id, new),
        client_options={"base_url": lms.base_url, "api_key": "sandbox", "account_id": "sandbox"},
        concurrency=4,
        clock=lambda: datetime.now(UTC),
    )
    made.extend_lease(60)
    yield made
    made.close()


def started(calls, people, after=0.0):
    """Start a call for each person, so many seconds from now."""
    at = time.monotonic() + after
    calls.start([(Job(person), at) for person in people])


def all_ended(calls, within=10.0):
    """Return how the calls ended, all of them."""
    until, found = time.monotonic() + within, []
    while calls.in_flight and time.monotonic() < until:
        found += calls.wait_for_ended(seconds=0.5)
    assert not calls.in_flight
    return found


def test_every_job_ends_with_its_reply(calls, people, lms):
    began = datetime.now(UTC)
    started(calls, people[:8])
    assert calls.in_flight == 8

    found = all_ended(calls)

    assert {one.job.user_id for one in found} == set(people[:8])
    assert all(isinstance(one.result, CreatedAssignment) and one.sample for one in found)
    assert all(began <= one.ended_at <= datetime.now(UTC) for one in found)
    assert lms.stats()["assignments"] == 8


def test_the_last_to_end_is_not_waited_on(calls, people):
    started(calls, people[:1])
    began = time.monotonic()

    (only,) = calls.wait_for_ended(seconds=20)

    assert isinstance(only.result, CreatedAssignment)
    assert time.monotonic() - began < 10


def test_what_is_stopped_before_its_time_never_leaves(calls, people, lms):
    started(calls, people[:3], after=30)

    calls.close()
    found = calls.wait_for_ended(seconds=0)

    assert [type(one.result) for one in found] == [NotSent] * 3
    assert lms.stats()["assignments"] == 0


def test_what_is_out_when_it_stops_is_waited_for(calls, people, lms):
    lms.set_faults({"slow": 1.0})
    started(calls, people[:2])
    time.sleep(0.3)

    calls.close()

    assert [type(one.result) for one in calls.wait_for_ended(seconds=0)] == [
        CreatedAssignment,
        CreatedAssignment,
    ]


def test_a_process_that_dies_leaves_its_calls_unknown(calls, people, lms):
    lms.set_faults({"hang": 1.0})
    started(calls, people[:2])
    time.sleep(0.3)

    os.kill(calls.pid, signal.SIGKILL)
    found = all_ended(calls)

    assert [(type(one.result), str(one.result)) for one in found] == [
        (OutcomeUnknown, PROCESS_DIED)
    ] * 2
    assert calls.has_died
    started(calls, people[:1])
    assert [type(one.result) for one in calls.wait_for_ended(seconds=0.1)] == [OutcomeUnknown]


def test_it_outlives_the_signals_that_stop_its_owner(calls, people):
    started(calls, people[:1])
    all_ended(calls)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(calls.pid, number)

    started(calls, people[1:3])

    assert [type(one.result) for one in all_ended(calls)] == [CreatedAssignment, CreatedAssignment]


def test_it_ends_with_its_owner_and_sends_nothing_more(lms, item, people):
    owner = f"""
import time
from datetime import UTC, datetime
from typing import IO, cast
from assignments.services.calls.call_process import CallProcess
from assignments.stackone.commands import CreateAssignment
from assignments.stackone.resources import NewAssignment

if __name__ == "__main__":
    new = NewAssignment({item!r}, "", None, "pending", None, None)
    calls = CallProcess(
        command_for=lambda person: CreateAssignment(person, new),
        client_options={{
            "base_url": {lms.base_url!r}, "api_key": "sandbox", "account_id": "sandbox"
        }},
        concurrency=4,
        clock=lambda: datetime.now(UTC),
    )
    calls.extend_lease(60)
    calls.start([(person, time.monotonic() + 2) for person in {people!r}])
    print(calls.pid, flush=True)
    time.sleep(60)
"""
    assert not outlives_owner(owner)
    time.sleep(2)
    assert lms.stats()["assignments"] == 0


def test_a_look_up_reads_everything(lms, people, item):
    looking: CallProcess[str, UserAssignments] = CallProcess(
        command_for=ReadUserAssignments,
        client_options={"base_url": lms.base_url, "api_key": "sandbox", "account_id": "sandbox"},
        concurrency=1,
        clock=lambda: datetime.now(UTC),
    )
    looking.extend_lease(60)
    looking.start([(people[0], time.monotonic())])

    (only,) = all_ended(looking)
    looking.close()

    assert (type(only.result), only.result.requests) == (UserAssignments, 1)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(NotSent("Away.", status=503), id="not sent"),
        pytest.param(
            RateLimited("Slow.", retry_after=9, is_from_provider=True, response={"status": 429}),
            id="rate limited",
        ),
        pytest.param(OutcomeUnknown("Odd.", status=500, field="due_date"), id="unknown"),
    ],
)
def test_an_error_says_the_same_in_the_other_process(error):
    found = pickle.loads(pickle.dumps(error))

    assert (type(found), str(found), vars(found)) == (type(error), str(error), vars(error))
