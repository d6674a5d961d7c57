"""The call process: results for its parent, and what happens when either process dies."""

import os
import pickle
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from assignments.services.calls.call_process import PROCESS_DIED, CallProcess
from assignments.stackone.commands import CreateAssignment, ReadUserAssignments, UserAssignments
from assignments.stackone.errors import HeldBack, NotSent, OutcomeUnknown, RateLimited
from assignments.stackone.resources import CreatedAssignment, NewAssignment
from tests.sandbox_process import outlives_parent, running_sandbox
from tests.waiting import HANG_SECONDS, wait_until


@dataclass(frozen=True)
class Job:
    """Assign the item to somebody."""

    user_id: str


@pytest.fixture(scope="module")
def lms():
    """Return a separate sandbox, so that its faults affect no other test."""
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


def listed(lms, path):
    """Return the active records on the first page of a list."""
    with lms.client() as client:
        records = client.get(f"/unified/lms/{path}").raise_for_status().json()["data"]
    return [record for record in records if record["active"]]


@pytest.fixture
def calls(lms, item):
    """Return a call process with a lease, which is closed after the test."""
    new = NewAssignment(item, "", None, "pending", None, None)
    process: CallProcess[Job, CreatedAssignment] = CallProcess(
        command_for=lambda job: CreateAssignment(job.user_id, new),
        client_options={"base_url": lms.base_url, "api_key": "sandbox", "account_id": "sandbox"},
        concurrency=4,
        clock=lambda: datetime.now(UTC),
    )
    process.extend_lease(60)
    yield process
    process.close()


def start(calls, people, after=0.0):
    """Start a call for each person, so many seconds from now."""
    at = time.monotonic() + after
    calls.start([(Job(person), at) for person in people])


def wait_for_all(calls):
    """Wait until every call has ended and return them."""
    until, ended = time.monotonic() + HANG_SECONDS, []
    while calls.in_flight and time.monotonic() < until:
        ended += calls.wait_for_ended(seconds=0.5)
    assert not calls.in_flight
    return ended


def test_every_job_ends_with_its_result(calls, people, lms):
    began = datetime.now(UTC)
    start(calls, people[:8])
    assert calls.in_flight == 8

    ended = wait_for_all(calls)

    assert {call.job.user_id for call in ended} == set(people[:8])
    assert all(isinstance(call.result, CreatedAssignment) and call.sample for call in ended)
    assert all(began <= call.ended_at <= datetime.now(UTC) for call in ended)
    assert lms.stats()["assignments"] == 8


def test_wait_for_ended_returns_early_after_the_last_call(calls, people):
    start(calls, people[:1])
    began = time.monotonic()

    (only,) = calls.wait_for_ended(seconds=10 * HANG_SECONDS)

    assert isinstance(only.result, CreatedAssignment)
    assert time.monotonic() - began < HANG_SECONDS


def test_calls_before_their_send_time_are_not_sent_after_close(calls, people, lms):
    start(calls, people[:3], after=30)

    calls.close()
    ended = calls.wait_for_ended(seconds=0)

    assert [type(call.result) for call in ended] == [HeldBack] * 3
    assert lms.stats()["assignments"] == 0


def test_close_waits_for_calls_in_flight(calls, people, lms):
    lms.set_faults({"slow": 1.0})
    start(calls, people[:2])
    time.sleep(0.3)

    calls.close()

    assert [type(call.result) for call in calls.wait_for_ended(seconds=0)] == [
        CreatedAssignment,
        CreatedAssignment,
    ]


def test_calls_of_a_process_that_dies_have_an_unknown_outcome(calls, people, lms):
    lms.set_faults({"hang": 1.0})
    start(calls, people[:2])
    time.sleep(0.3)

    os.kill(calls.pid, signal.SIGKILL)
    ended = wait_for_all(calls)

    assert [(type(call.result), str(call.result)) for call in ended] == [
        (OutcomeUnknown, PROCESS_DIED)
    ] * 2
    assert calls.has_died
    start(calls, people[:1])
    assert [type(call.result) for call in calls.wait_for_ended(seconds=0.1)] == [OutcomeUnknown]


def test_what_ended_before_the_process_died_keeps_its_result(calls, people, lms):
    start(calls, people[:2])
    wait_until(lambda: lms.stats()["assignments"] == 2, "both calls reach the LMS")
    wait_until(lambda: calls._pipe.poll(0), "the child sends results")

    os.kill(calls.pid, signal.SIGKILL)
    calls._process.join(HANG_SECONDS)
    start(calls, people[2:3])
    ended = wait_for_all(calls)

    results = {call.job.user_id: type(call.result) for call in ended}
    assert len(results) == 3
    assert results[people[2]] is OutcomeUnknown
    assert CreatedAssignment in results.values()


def test_it_ignores_the_signals_that_stop_its_parent(calls, people):
    start(calls, people[:1])
    wait_for_all(calls)
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(calls.pid, number)

    start(calls, people[1:3])

    assert [type(call.result) for call in wait_for_all(calls)] == [
        CreatedAssignment,
        CreatedAssignment,
    ]


def test_it_ends_with_its_parent_and_sends_nothing_more(lms, item, people):
    parent = f"""
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
    assert not outlives_parent(parent)
    time.sleep(2)
    assert lms.stats()["assignments"] == 0


def test_a_read_back_reads_all_assignments(lms, people, item):
    reader: CallProcess[str, UserAssignments] = CallProcess(
        command_for=ReadUserAssignments,
        client_options={"base_url": lms.base_url, "api_key": "sandbox", "account_id": "sandbox"},
        concurrency=1,
        clock=lambda: datetime.now(UTC),
    )
    reader.extend_lease(60)
    reader.start([(people[0], time.monotonic())])

    (only,) = wait_for_all(reader)
    reader.close()

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
def test_an_error_is_the_same_after_pickling(error):
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
