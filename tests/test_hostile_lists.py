"""Whatever an LMS answers to a sync: a true end, few requests, and nobody wrongly removed."""

from datetime import timedelta

import pytest

from assignments.audit.entries.actors import SYSTEM
from assignments.models import Learner, LogEntry, SyncRun
from assignments.services.calls import connections
from assignments.services.syncing import read_failures, run_record, sync_request, sync_run
from tests.factories import make_learner
from tests.hostile_lists import KINDS, SHORT_SECONDS, HostileLists
from tests.recorder import serving
from tests.waiting import HANG_SECONDS

pytestmark = [pytest.mark.core, pytest.mark.django_db]
RUNS = 3
LONGEST_PAUSE = timedelta(minutes=20)


@pytest.fixture
def account(settings, monkeypatch):
    """Return an account whose syncs pause for milliseconds, with one person."""
    settings.STACKONE_REQUESTS_PER_MINUTE = 60_000
    monkeypatch.setattr(read_failures, "FIRST_PAUSE", timedelta(milliseconds=5))
    # So long is the fourth pause.
    monkeypatch.setattr(read_failures, "LONGEST_WAIT", timedelta(milliseconds=20))
    account = connections.configured_accounts()[0]
    make_learner(account, remote_id="missing")
    return account


def sync(account, clock):
    """Do as the schedule does, until the sync is over or was given up RUNS times."""
    for _ in range(RUNS):
        run = sync_request.request_due_sync(
            account=account, every=timedelta(minutes=15), by=SYSTEM, now=clock()
        )
        assert run is not None
        try:
            sync_run.run_sync(
                run=run, by=SYSTEM, clock=clock, may_go_on=lambda: True, progress=lambda _: None
            )
        except run_record.SyncRefused:
            clock.skip(seconds=LONGEST_PAUSE.total_seconds())
        run.refresh_from_db()
        if run.finished_at is not None:
            break
    return run


def end(run):
    """Return how a sync ended."""
    if run.finished_at is None:
        return "waiting"
    return "done" if run.stage == SyncRun.Stage.DONE else "failed"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_sync_with_a_hostile_lms(account, moving_clock, settings, kind):
    with serving(HostileLists(kind)) as lms:
        settings.STACKONE_BASE_URL = lms.url
        settings.STACKONE_TIMEOUT_SECONDS = SHORT_SECONDS if "slow" in str(kind) else HANG_SECONDS
        run = sync(account, moving_clock)

    people = Learner.objects.exclude(remote_id="missing")
    is_done = kind.ends == "done"
    assert (end(run), people.count()) == (kind.ends, kind.people)
    assert lms.requests.total() <= kind.most_requests
    removed = Learner.objects.filter(is_active=False).values_list("remote_id", flat=True)
    assert list(removed) == (["missing"] if is_done and kind.removes else [])
    assert (bool(run.problem), bool(run.remark)) == (not is_done, is_done and not kind.removes)
    assert (run.retry_at is not None, run.failing_since is None) == (
        kind.ends == "waiting",
        is_done,
    )
    account.refresh_from_db()
    assert (account.synced_at is not None, account.sync_failing_since is None) == (is_done, is_done)
    last = LogEntry.objects.order_by("-seq").values_list("action", flat=True)[0]
    assert last == {"done": "sync.completed", "failed": "sync.failed"}.get(kind.ends, last)
