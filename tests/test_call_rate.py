"""The call rate that pages show: the configured rate, the LMS's limit, and the last minutes."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from assignments.models import CallCount, RateBudget
from assignments.queries.call_rate import call_rate, calls_per_second
from assignments.queries.drafts import forecast
from assignments.queries.formatting import duration
from assignments.queries.progress import PAGE_MAX_AGE_SECONDS, batch_progress, last_settled_at
from assignments.services.sending import call_counts
from tests.conftest import NOON
from tests.factories import AT, make_account, make_batch

pytestmark = pytest.mark.django_db


def running(rows=("planned",), **fields):
    """Create a running batch."""
    return make_batch(rows, state="running", **{"started_at": NOON - timedelta(hours=1)} | fields)


def call(seconds_ago, outcome="created"):
    """Count a call that ended so many seconds before NOON."""
    call_counts.count([(NOON - timedelta(seconds=seconds_ago), outcome)])


@pytest.mark.parametrize(
    ("per_minute", "expected"),
    [
        pytest.param(None, 10.0, id="no lower rate, so the configured one"),
        pytest.param(300, 5.0, id="slower than configured"),
        pytest.param(6000, 10.0, id="never faster than configured"),
    ],
)
def test_calls_per_second(settings, per_minute, expected):
    settings.STACKONE_REQUESTS_PER_MINUTE = 600

    account = make_account(provider_rate_per_minute=per_minute)

    assert calls_per_second(account) == expected
    assert forecast(100, account) == f"about {100 / expected:.0f} seconds"


def test_pace_counts_calls_in_tens_of_seconds():
    batch = running(["planned"] * 9)
    for seconds_ago in (300, 11, 19, 19.5, 10, 5):
        call(seconds_ago)
    call(12, "rejected")
    call(61, "queued")
    call(301)

    rate = call_rate(batch, now=NOON)

    calls = [
        (column.starts_at, column.created, column.not_created)
        for column in rate.columns
        if column.calls
    ]
    assert calls == [
        (NOON - timedelta(seconds=300), 1, 0),
        (NOON - timedelta(seconds=70), 0, 1),
        (NOON - timedelta(seconds=20), 3, 1),
        (NOON - timedelta(seconds=10), 2, 0),
    ]
    assert (len(rate.columns), rate.has_calls, rate.recent) == (30, True, 0.2)
    assert rate.words == "About 0 calls in 10 seconds since 11:55; 167 are agreed."


def test_pace_of_a_batch_that_has_just_started_shows_no_time_before():
    batch = running(started_at=NOON - timedelta(seconds=25))

    assert [column.starts_at for column in call_rate(batch, now=NOON).columns] == [
        NOON - timedelta(seconds=seconds) for seconds in (30, 20, 10)
    ]


def test_pace_before_the_first_ten_seconds_are_over():
    rate = call_rate(running(started_at=NOON), now=NOON + timedelta(seconds=1))

    assert (rate.has_calls, rate.recent) == (False, 0.0)


def test_calls_of_one_interval_are_counted_together():
    ended = [(NOON - timedelta(seconds=s), "created") for s in (1, 2, 12, 3)]

    call_counts.count([*ended, (NOON - timedelta(seconds=4), "rejected")])
    call_counts.count(ended[:1])

    counts = CallCount.objects.order_by("starts_at").values_list("calls", "created")
    assert list(counts) == [(1, 1), (5, 4)]


def test_counts_of_calls_are_kept_for_an_hour():
    for seconds_ago in (3_700, 3_500, 5):
        call(seconds_ago)

    call_counts.delete_old(now=NOON)

    assert [NOON - count.starts_at for count in CallCount.objects.order_by("starts_at")] == [
        timedelta(seconds=3_500),
        timedelta(seconds=10),
    ]


def test_batches_of_an_account_share_its_pace():
    batch = running()
    running()
    make_batch(["planned"], state="paused")

    rate = call_rate(batch, now=NOON)

    assert rate.others == 1
    # 1,000 a minute for two batches: 500 calls of one of them take a minute.
    assert rate.duration_of(500, now=NOON) == "about 1 min"


@pytest.mark.parametrize(
    ("slowed", "slot", "until"),
    [
        pytest.param(None, None, None, id="nothing"),
        pytest.param(None, 1, None, id="the next slot is always a little ahead"),
        pytest.param(None, 90, 90, id="the key was told to wait"),
        pytest.param(60, 1, 60, id="the account is slower"),
        pytest.param(60, 90, 90, id="the later of both"),
        pytest.param(-5, -5, None, id="over"),
    ],
)
def test_pace_says_until_when_it_is_slowed_down(slowed, slot, until):
    def at(seconds):
        return NOON + timedelta(seconds=seconds)

    make_account(slowed_until=at(slowed) if slowed else None)
    if slot:
        RateBudget.objects.create(key_hash="k", next_slot_at=at(slot))

    rate = call_rate(running(), now=NOON)

    assert rate.slowed_until == (at(until) if until else None)
    assert rate.duration_of(500, now=NOON) == duration(30 + (until or 0))


def test_a_slow_limit_does_not_look_like_a_pause(settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 20
    RateBudget.objects.create(key_hash="k", next_slot_at=NOON + timedelta(seconds=5))

    assert call_rate(running(), now=NOON).slowed_until is None


def test_the_pace_has_a_word_for_each_thing_that_pages_say():
    batch = running()
    before = call_rate(batch, now=NOON).token
    batch.account.slowed_until = NOON + timedelta(minutes=1)

    assert call_rate(batch, now=NOON).token != before


def test_progress_counts_every_group():
    moving = {"state": "unknown", "read_back_at": AT}
    states = ["planned", "queued", "sending", "created", "rejected", "skipped", "cancelled"]
    batch = running([*states, "unknown", moving, "created"])

    progress = batch_progress(batch)

    assert (
        progress.created,
        progress.failed,
        progress.unknown,
        progress.skipped,
        progress.waiting,
    ) == (
        2,
        1,
        2,
        2,
        3,
    )
    assert (progress.total, progress.moving, progress.handled, progress.percent) == (10, 4, 6, 60)


def test_progress_of_an_empty_batch_is_complete():
    assert batch_progress(running([])).percent == 100


def test_last_moved_at_is_the_newest_row():
    settled = {"state": "created", "settled_at": NOON}
    assert last_settled_at(running([settled, "planned"])) == NOON
    assert last_settled_at(running(["planned"], started_at=AT)) == AT
    assert last_settled_at(make_batch(["planned"], state="held", started_at=None)) is None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a small table is read whole elsewhere")
def test_progress_reads_the_index_alone(django_assert_num_queries):
    batch = running(["created", "planned"])

    with django_assert_num_queries(1) as queries:
        batch_progress(batch)

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries.captured_queries[0]['sql']}")
        [plan] = [row[-1] for row in cursor.fetchall()]
    assert "USING COVERING INDEX rows_to_send" in plan


def test_moments_are_those_of_the_organisation(settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    batch = running()
    call(20)

    with timezone.override("UTC"):
        assert " since 17:25;" in call_rate(batch, now=NOON).words


@pytest.mark.parametrize(
    ("state", "rows", "shown"),
    [
        pytest.param("running", 10_000, 0, id="it runs and is large: the last count is kept"),
        pytest.param("running", 9_999, 1, id="it is quickly counted"),
        pytest.param("paused", 10_000, 1, id="it is at rest"),
    ],
)
def test_progress_counts_a_large_running_batch_once_a_second(state, rows, shown):
    batch = make_batch(["queued"], state=state)
    batch.rows = rows
    before = batch_progress(batch)
    batch.assignments.update(state="created", remote_id="a-1", settled_at=AT)

    assert (before.created, batch_progress(batch).created) == (0, shown)


@pytest.mark.parametrize(("after", "expected"), [(0.5, 0), (2, 1)], ids=["at once", "soon after"])
def test_a_page_shows_an_older_count_than_who_looks_for_news(monkeypatch, after, expected):
    batch = make_batch(["queued"], state="running")
    batch.rows = 10_000
    batch_progress(batch)
    batch.assignments.update(state="created", remote_id="a-1", settled_at=AT)
    later = time.time() + after
    monkeypatch.setattr(time, "time", lambda: later)

    assert batch_progress(batch, kept_seconds=PAGE_MAX_AGE_SECONDS).created == 0
    assert batch_progress(batch).created == expected
    assert batch_progress(batch, kept_seconds=PAGE_MAX_AGE_SECONDS).created == expected
