"""The schedule of a worker: jobs run when something has changed, in time, and after failures."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.utils import InternalError, OperationalError
from django.utils import timezone

from assignments.management.schedule import ChangeWatch, ScheduledJob
from assignments.models import Account, Batch, Worker
from assignments.queries.work_due import next_due_at
from assignments.services.sending import worker_share
from assignments.services.syncing import sync_request
from tests.factories import AT, make_account, make_batch
from tests.waiting import wait_until

LONG, AT_ONCE = timedelta(hours=1), timedelta()


class CountedJob:
    """A job that counts its runs, and returns or raises what a test sets."""

    def __init__(self, every=AT_ONCE, at_latest=LONG, failing=None):
        self.runs = 0
        self.result = None
        failing = set() if failing is None else failing
        self._job = ScheduledJob(self._run, every, at_latest, (), failing)

    def _run(self):
        self.runs += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def tick(self, *, has_changed=False):
        """Do as the schedule does; return how often the job has run."""
        self._job.run_if_due(has_changed=has_changed)
        return self.runs


def test_a_job_runs_at_first_and_whenever_something_has_changed():
    job = CountedJob()

    assert [job.tick(), job.tick(), job.tick(has_changed=True), job.tick()] == [1, 1, 2, 2]


def test_a_job_runs_at_latest_after_its_interval():
    job = CountedJob(at_latest=AT_ONCE)

    assert [job.tick(), job.tick()] == [1, 2]


def test_a_change_within_the_interval_is_not_forgotten():
    job = CountedJob(every=timedelta(seconds=0.2))
    job.tick()
    assert job.tick(has_changed=True) == 1

    wait_until(lambda: job.tick() == 2, "the job has run again")
    assert job.tick() == 2


def test_a_job_runs_when_the_time_that_it_returned_has_come():
    job = CountedJob()
    job.result = timezone.now() + timedelta(hours=1)
    assert [job.tick(), job.tick()] == [1, 1]

    job.result = timezone.now()
    assert [job.tick(has_changed=True), job.tick()] == [2, 3]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("away"), InternalError("read-only")])
def test_a_job_is_repeated_until_the_database_is_back_and_warns_once(caplog, monkeypatch, error):
    failing: set[ScheduledJob] = set()
    job, other = CountedJob(failing=failing), CountedJob(failing=failing)
    job.result = other.result = error
    # Within a test's transaction the connection must stay open.
    monkeypatch.setattr(connections["default"], "close", lambda: None)
    assert [job.tick(), other.tick(), job.tick()] == [1, 1, 2]
    job.result = None

    assert [job.tick(), job.tick()] == [3, 3]
    assert len(failing) == 1
    assert [record.message for record in caplog.records] == [
        f"The schedule tries again until it succeeds: {error}"
    ]


@pytest.mark.core
@pytest.mark.django_db(transaction=True)
def test_only_changes_are_noticed():
    def write():
        make_account()
        connection.close()

    changes = ChangeWatch()
    assert changes.has_changed()
    # On PostgreSQL, other databases of the server count too; they come to rest.
    wait_until(lambda: not changes.has_changed(), "nothing changes")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()

    assert changes.has_changed()
    wait_until(lambda: not changes.has_changed(), "nothing changes")


def soon(minutes):
    """Return a time after AT."""
    return AT + timedelta(minutes=minutes)


@pytest.mark.core
@pytest.mark.django_db
def test_next_due_at_is_the_earliest_time_in_the_future():
    assert next_due_at(now=AT) is None
    batch = make_batch([{"state": "queued", "send_at": soon(9)}, "created"], state="running")
    batch.assignments.filter(state="created").update(read_back_at=soon(8))
    due_times = [next_due_at(now=AT)]
    batch.assignments.filter(state="created").update(read_back_at=AT)
    due_times.append(next_due_at(now=AT))
    Account.objects.update(sender="s", sender_lease_until=soon(7))
    due_times.append(next_due_at(now=AT))
    Batch.objects.update(state="waiting", starts_at=soon(6))
    due_times.append(next_due_at(now=AT))

    assert due_times == [soon(8), soon(9), soon(7), soon(6)]


@pytest.mark.core
@pytest.mark.django_db
def test_next_retry_at_is_that_of_an_open_sync(desk):
    run = sync_request.request_sync(account=desk.account, by=desk.by, now=AT)
    assert sync_request.next_retry_at(now=AT) is None
    type(run).objects.filter(pk=run.pk).update(retry_at=soon(3))

    assert sync_request.next_retry_at(now=AT) == soon(3)
    assert sync_request.next_retry_at(now=soon(3)) is None


@pytest.mark.django_db
@pytest.mark.parametrize(("workers", "waits"), [(1, False), (2, True)])
def test_a_worker_that_delivers_lets_other_workers_go_first(monkeypatch, workers, waits):
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(worker_share, "HEAD_START_SECONDS", 0.02)
    now = timezone.now()
    for number in range(workers):
        Worker.objects.create(name=f"w-{number}", seen_at=now)

    with worker_share.delivery(now=now, may_go_on=lambda: True):
        assert slept == []
        with worker_share.delivery(now=now, may_go_on=lambda: True):
            assert bool(slept) == waits
    slept.clear()
    with worker_share.delivery(now=now, may_go_on=lambda: True):
        assert slept == []
