"""Bringing the directory in from the real sandbox: chunks, restarts, leavers and changes."""

from datetime import timedelta

import pytest
from django.db import connection

from assignments.audit.entries.actors import SYSTEM
from assignments.models import Content, Learner, LogEntry, RemoteAssignment, SyncRun
from assignments.models.sql import analyze
from assignments.services.syncing import sync_run

pytestmark = pytest.mark.django_db


def run(desk, run, **changes):
    """Walk on with a sync."""
    values = {
        "by": desk.by,
        "clock": desk.clock,
        "may_go_on": lambda: True,
        "progress": lambda _: None,
    }
    return sync_run.run_sync(run=run, **values | changes)


def opened(desk):
    """Open a sync."""
    return sync_run.request_sync(account=desk.account, by=desk.by, now=desk.clock())


def test_sync_brings_everything_in(desk):
    found = SyncRun.objects.get()

    assert (found.stage, found.is_full, found.left) == ("done", True, 0)
    assert found.learners == Learner.objects.count()
    assert Learner.objects.filter(is_active=True).count() == 60
    assert found.contents == Content.objects.count() > 0
    assert found.assignments == RemoteAssignment.objects.count() > 0
    assert RemoteAssignment.objects.filter(learner=None).count() == 0
    assert RemoteAssignment.objects.filter(content=None).count() == 0
    assert desk.account.synced_at is not None


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a setting of PostgreSQL's")
def test_connections_take_an_index_for_cheap():
    with connection.cursor() as cursor:
        cursor.execute("SHOW random_page_cost")
        assert cursor.fetchone() == ("1.1",)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite needs no telling")
def test_sync_tells_postgresql_of_many_people(desk, monkeypatch):
    def known():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples, relallvisible FROM pg_class WHERE relname = %s",
                [Learner._meta.db_table],
            )
            return cursor.fetchone()

    monkeypatch.setattr(analyze, "MANY", 1)
    Learner.objects.update(name="Somebody else", fingerprint="")
    full = opened(desk)
    SyncRun.objects.filter(pk=full.pk).update(is_full=True, changed_since=None)
    assert run(desk, full)

    rows, pages = known()
    assert (rows, pages > 0) == (Learner.objects.count(), True)


def test_sync_records_who_asked_for_it(desk):
    actions = LogEntry.objects.order_by("seq").values_list("action", "actor")

    assert list(actions) == [
        ("sync.started", desk.by.ref),
        ("settings.changed", "system"),
        ("sync.completed", desk.by.ref),
    ]


def test_sync_again_brings_only_changes_and_keeps_the_rest(desk):
    before = list(Learner.objects.order_by("pk").values_list("pk", "name", "is_active"))

    second = opened(desk)
    assert (second.is_full, second.changed_since is not None) == (False, True)
    assert run(desk, second)

    second.refresh_from_db()
    assert (second.learners, second.stage) == (0, "done")
    assert list(Learner.objects.order_by("pk").values_list("pk", "name", "is_active")) == before


def test_sync_marks_who_left_as_inactive_and_deletes_nobody(desk):
    Learner.objects.create(
        account=desk.account,
        remote_id="gone",
        name="Gone",
        is_active=True,
        search_text="gone",
        last_seen_sync=0,
    )
    Content.objects.create(
        account=desk.account,
        source="course",
        remote_id="gone",
        is_active=True,
        search_text="gone",
        last_seen_sync=0,
    )
    desk.clock.skip(hours=25)

    full = opened(desk)
    assert full.is_full
    assert run(desk, full)

    full.refresh_from_db()
    gone = Learner.objects.get(remote_id="gone")
    assert (gone.is_active, gone.left_at is not None, full.left) == (False, True, 2)
    assert not Content.objects.get(remote_id="gone").is_active


def test_sync_goes_on_where_a_killed_one_stood(desk):
    SyncRun.objects.all().delete()
    first = opened(desk)
    pages = iter([True, True])
    assert not run(desk, first, may_go_on=lambda: next(pages, False))
    first.refresh_from_db()
    stood_at = first.stage
    assert stood_at != "learners"

    again = opened(desk)
    seen = []
    assert run(desk, again, progress=lambda r: seen.append(r.stage))

    again.refresh_from_db()
    assert (again.pk, again.stage, "learners" in seen[1:]) == (first.pk, "done", False)
    assert again.learners == Learner.objects.count()


def test_sync_is_run_by_one_worker_at_a_time(desk):
    found = opened(desk)
    SyncRun.objects.filter(pk=found.pk).update(runner="another", progressed_at=desk.clock())
    assert not run(desk, found)

    desk.clock.skip(seconds=91)
    assert run(desk, found)


def test_sync_says_when_the_lms_cannot_be_read(desk, settings):
    found = opened(desk)
    settings.STACKONE_BASE_URL = "http://127.0.0.1:9"

    with pytest.raises(sync_run.SyncRefused, match="could not be read"):
        run(desk, found)

    found.refresh_from_db()
    desk.account.refresh_from_db()
    every = timedelta(minutes=15)
    assert (found.finished_at, found.runner, bool(found.problem)) == (None, "", True)
    assert desk.account.failing_since is not None
    assert not sync_run.sync_is_due(desk.account, every=every, now=desk.clock())
    desk.clock.skip(seconds=31)
    assert sync_run.sync_is_due(desk.account, every=every, now=desk.clock())

    settings.STACKONE_BASE_URL = desk.lms.base_url
    assert run(desk, found)
    desk.account.refresh_from_db()
    assert desk.account.failing_since is None


def test_sync_pauses_the_account_when_the_key_is_refused(desk, settings):
    found = opened(desk)
    settings.STACKONE_API_KEY = "wrong"

    with pytest.raises(sync_run.SyncRefused):
        run(desk, found)

    desk.account.refresh_from_db()
    assert desk.account.pause_reason.startswith("StackOne refused the key.")


def test_sync_is_due_when_old_or_abandoned(desk):
    every = timedelta(minutes=15)
    assert not sync_run.sync_is_due(desk.account, every=every, now=desk.clock())
    desk.clock.skip(minutes=16)
    assert sync_run.sync_is_due(desk.account, every=every, now=desk.clock())
    found = sync_run.request_sync(account=desk.account, by=SYSTEM, now=desk.clock())
    SyncRun.objects.filter(pk=found.pk).update(runner="busy", progressed_at=desk.clock())
    assert not sync_run.sync_is_due(desk.account, every=every, now=desk.clock())
    desk.clock.skip(seconds=91)
    assert sync_run.sync_is_due(desk.account, every=every, now=desk.clock())
