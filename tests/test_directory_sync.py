"""Syncing the directory with the real sandbox: resuming, changes, removals and problems."""

from datetime import timedelta

import pytest
from django.db import connection

from assignments.audit.entries.actors import SYSTEM
from assignments.models import Account, Content, Learner, LogEntry, RemoteAssignment, SyncRun
from assignments.models.sql import analyze
from assignments.services.syncing import read_failures, run_record, sync_request, sync_run

pytestmark = [pytest.mark.core, pytest.mark.django_db]


def run(desk, run, **changes):
    """Run a sync and return whether it is finished."""
    values = {
        "by": desk.by,
        "clock": desk.clock,
        "may_go_on": lambda: True,
        "progress": lambda _: None,
    }
    return sync_run.run_sync(run=run, **values | changes)


def request(desk):
    """Request a sync."""
    return sync_request.request_sync(account=desk.account, by=desk.by, now=desk.clock())


def test_sync_copies_people_content_and_assignments(desk):
    sync = SyncRun.objects.get()

    assert (sync.stage, sync.is_full, sync.removed) == ("done", True, 0)
    assert sync.learners == Learner.objects.count()
    assert Learner.objects.filter(is_active=True).count() == 60
    assert sync.contents == Content.objects.count() > 0
    assert sync.assignments == RemoteAssignment.objects.count() > 0
    assert RemoteAssignment.objects.filter(learner=None).count() == 0
    assert RemoteAssignment.objects.filter(content=None).count() == 0
    assert desk.account.synced_at is not None


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a setting of PostgreSQL")
def test_connections_have_a_low_random_page_cost():
    with connection.cursor() as cursor:
        cursor.execute("SHOW random_page_cost")
        assert cursor.fetchone() == ("1.1",)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="VACUUM is for PostgreSQL")
def test_sync_vacuums_the_tables_after_many_changes(desk, monkeypatch):
    def statistics():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT reltuples, relallvisible FROM pg_class WHERE relname = %s",
                [Learner._meta.db_table],
            )
            return cursor.fetchone()

    monkeypatch.setattr(analyze, "MANY_ROWS", 1)
    Learner.objects.update(name="Somebody else", fingerprint="")
    full = request(desk)
    SyncRun.objects.filter(pk=full.pk).update(is_full=True, changed_since=None)
    assert run(desk, full)

    rows, pages = statistics()
    assert (rows, pages > 0) == (Learner.objects.count(), True)


def test_sync_records_who_requested_it(desk):
    actions = LogEntry.objects.order_by("seq").values_list("action", "actor")

    assert list(actions) == [
        ("sync.started", desk.by.ref),
        ("settings.changed", "system"),
        ("sync.completed", desk.by.ref),
    ]


def test_second_sync_is_incremental_and_keeps_unchanged_rows(desk):
    before = list(Learner.objects.order_by("pk").values_list("pk", "name", "is_active"))

    second = request(desk)
    assert (second.is_full, second.changed_since is not None) == (False, True)
    assert run(desk, second)

    second.refresh_from_db()
    assert (second.learners, second.stage) == (0, "done")
    assert list(Learner.objects.order_by("pk").values_list("pk", "name", "is_active")) == before


def test_full_sync_marks_missing_rows_as_inactive_and_deletes_none(desk):
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

    full = request(desk)
    assert full.is_full
    assert run(desk, full)

    full.refresh_from_db()
    gone = Learner.objects.get(remote_id="gone")
    assert (gone.is_active, gone.left_at is not None, full.removed) == (False, True, 2)
    assert not Content.objects.get(remote_id="gone").is_active


def test_sync_continues_where_an_interrupted_one_stopped(desk):
    SyncRun.objects.all().delete()
    first = request(desk)
    pages = iter([True, True])
    assert not run(desk, first, may_go_on=lambda: next(pages, False))
    first.refresh_from_db()
    assert first.stage != "learners"

    second = request(desk)
    stages = []
    assert run(desk, second, progress=lambda sync: stages.append(sync.stage))

    second.refresh_from_db()
    assert (second.pk, second.stage, "learners" in stages[1:]) == (first.pk, "done", False)
    assert second.learners == Learner.objects.count()


def test_sync_is_run_by_one_worker_at_a_time(desk):
    sync = request(desk)
    SyncRun.objects.filter(pk=sync.pk).update(runner="another", progressed_at=desk.clock())
    assert not run(desk, sync)

    desk.clock.skip(seconds=91)
    assert run(desk, sync)


def test_sync_is_refused_and_retried_if_the_lms_cannot_be_read(desk, settings, monkeypatch):
    monkeypatch.setattr(read_failures, "LONGEST_WAIT", timedelta(0))
    sync = request(desk)
    settings.STACKONE_BASE_URL = "http://127.0.0.1:9"

    with pytest.raises(run_record.SyncRefused, match="could not be read"):
        run(desk, sync)

    sync.refresh_from_db()
    desk.account.refresh_from_db()
    every = timedelta(minutes=15)
    assert (sync.finished_at, sync.runner, bool(sync.problem)) == (None, "", True)
    assert desk.account.failing_since is not None
    assert not sync_request.is_sync_due(desk.account, every=every, now=desk.clock())
    desk.clock.skip(seconds=31)
    assert sync_request.is_sync_due(desk.account, every=every, now=desk.clock())

    settings.STACKONE_BASE_URL = desk.lms.base_url
    assert run(desk, sync)
    desk.account.refresh_from_db()
    assert desk.account.failing_since is None


def test_sync_pauses_the_account_if_the_key_is_rejected(desk, settings):
    sync = request(desk)
    settings.STACKONE_API_KEY = "wrong"

    with pytest.raises(run_record.SyncRefused):
        run(desk, sync)

    desk.account.refresh_from_db()
    assert desk.account.pause_reason == (
        "StackOne refused a call (401): Unauthorized without a reason. "
        "Check STACKONE_API_KEY and its rights, then resume."
    )


def test_is_sync_due_when_the_last_one_is_old_or_abandoned(desk):
    every = timedelta(minutes=15)
    assert not sync_request.is_sync_due(desk.account, every=every, now=desk.clock())
    desk.clock.skip(minutes=16)
    assert sync_request.is_sync_due(desk.account, every=every, now=desk.clock())
    sync = sync_request.request_sync(account=desk.account, by=SYSTEM, now=desk.clock())
    SyncRun.objects.filter(pk=sync.pk).update(runner="busy", progressed_at=desk.clock())
    assert not sync_request.is_sync_due(desk.account, every=every, now=desk.clock())
    desk.clock.skip(seconds=91)
    assert sync_request.is_sync_due(desk.account, every=every, now=desk.clock())


def test_a_sync_that_another_worker_has_just_finished_is_not_repeated(desk):
    every = timedelta(minutes=15)
    desk.clock.skip(minutes=16)
    read_before = Account.objects.get(pk=desk.account.pk)
    assert sync_request.is_sync_due(read_before, every=every, now=desk.clock())
    run(desk, request(desk))

    requested = sync_request.request_due_sync(
        account=read_before, every=every, by=SYSTEM, now=desk.clock()
    )

    assert requested is None
    assert SyncRun.objects.filter(finished_at=None).count() == 0
