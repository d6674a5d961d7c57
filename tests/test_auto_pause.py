"""The canary and auto-pause: how many rows may be claimed, and when failures pause a batch."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from assignments.audit.entries.actors import Actor
from assignments.models import LogEntry
from assignments.services.batches import auto_pause, control, failure_thresholds
from tests.factories import AT, make_batch

pytestmark = pytest.mark.django_db

BY = Actor(ref="user/1", name="Priya Mehta", email="priya@northwind.example", means="page")
LATER = AT + timedelta(hours=1)
REJECTED = {"state": "rejected", "problem": "Content not found.", "sent_at": AT}
REST: list[str | dict[str, object]] = ["planned"] * 20


def watch(batch, now=LATER):
    """Watch the batch and return it as stored."""
    with transaction.atomic():
        auto_pause.watch([batch.pk], now=now)
    batch.refresh_from_db()
    return batch


def running(rows, **fields):
    """Return a running batch with these rows."""
    return make_batch(rows, state="running", **fields)


@pytest.mark.parametrize(
    ("rows", "allowed"),
    [
        pytest.param(["planned"] * 11, 5, id="a fresh batch"),
        pytest.param(["planned"] * 10, None, id="a small batch has no canary"),
        pytest.param(["sending"] * 2 + REST, 3, id="two are being sent"),
        pytest.param(["sending"] * 5 + REST, 0, id="the canary is being sent"),
        pytest.param(["sending"] * 4 + [dict(REJECTED)] + REST, 0, id="one has failed"),
        pytest.param([dict(REJECTED)] * 5 + REST, 1, id="nothing is being sent, so one may be"),
        pytest.param([{"state": "queued", "attempt": 1}] * 5 + REST, 5, id="deferred, not sent"),
        pytest.param(
            [{"state": "unknown", "read_back_at": AT}] * 5 + REST, 0, id="being read back"
        ),
        pytest.param(["unknown"] * 5 + REST, None, id="a person has to decide about it"),
        pytest.param(["created"] + ["sending"] * 4 + REST, None, id="one was created"),
    ],
)
def test_sendable_rows(rows, allowed):
    assert (
        auto_pause.sendable_rows(
            running([dict(row) if isinstance(row, dict) else row for row in rows])
        )
        == allowed
    )


def test_sendable_rows_needs_no_query_after_the_canary(django_assert_num_queries):
    batch = running(REST, has_passed_canary=True)

    with django_assert_num_queries(0):
        assert auto_pause.sendable_rows(batch) is None


def test_sendable_rows_starts_again_after_a_resume():
    batch = running([dict(REJECTED) for _ in range(5)] + REST, failures_counted_from=AT)

    assert auto_pause.sendable_rows(batch) == 5


def test_a_created_row_passes_the_canary():
    batch = watch(running(["created", dict(REJECTED), *REST]))

    assert (batch.state, batch.has_passed_canary) == ("running", True)
    assert not LogEntry.objects.filter(action="batch.paused").exists()


def test_a_failed_canary_pauses_the_batch_with_the_reason():
    late = {**REJECTED, "problem": "The due date is too early."}
    batch = watch(running([dict(REJECTED) for _ in range(4)] + [late, *REST]))

    reason = (
        "Paused automatically after 5 failures and nothing created: “Content not found” (4), "
        "“The due date is too early” (1). Fix the cause in the LMS, then resume the batch, or "
        "stop it."
    )
    assert (batch.state, batch.has_passed_canary, batch.pause_reason) == ("paused", False, reason)
    entry = LogEntry.objects.get(action="batch.paused")
    body = json.loads(bytes(entry.body))
    assert (entry.actor, body["actor"]["means"], body["result"]) == (
        f"user/{batch.by_id}",
        "worker",
        "paused",
    )
    assert body["detail"] == {
        "reason": reason,
        "outcomes_seen": 5,
        "failures": 5,
        "failures_by_problem": {"Content not found.": 4, "The due date is too early.": 1},
    }


def test_ten_failures_in_a_row_pause_a_batch_that_passed_its_canary():
    batch = watch(running(["created"] * 3 + [dict(REJECTED) for _ in range(10)] + REST))

    assert batch.state == "paused"
    assert batch.pause_reason.startswith(
        "Paused automatically after 10 failures in a row: “Content not found” (10)."
    )


def test_a_high_share_of_failures_pauses_a_batch():
    pairs: list[str | dict[str, object]] = [
        row for _ in range(21) for row in (dict(REJECTED), "created")
    ]
    batch = watch(running([*pairs, *REST]))

    assert batch.state == "paused"
    assert batch.pause_reason.startswith(
        "Paused automatically after 21 failures in its last 42 rows: "
    )


def test_only_rejected_rows_count_as_failures():
    others = ["skipped", "unknown", "cancelled", {"state": "queued", "attempt": 3}]
    batch = watch(running([*[dict(REJECTED) for _ in range(4)], *others * 3, *REST]))

    assert batch.state == "running"


def test_a_batch_with_nothing_left_to_send_is_not_paused():
    batch = watch(running([dict(REJECTED) for _ in range(12)]))

    assert batch.state == "running"


@pytest.mark.parametrize("state", ["paused", "stopped", "done"])
def test_only_a_running_batch_is_watched(state):
    batch = watch(make_batch([*(dict(REJECTED) for _ in range(12)), *REST], state=state))

    assert (batch.state, batch.pause_reason) == (state, "")


def test_failures_before_a_resume_do_not_count_again():
    batch = watch(running([*(dict(REJECTED) for _ in range(10)), *REST]))
    assert batch.state == "paused"

    control.resume(batch=batch, by=BY, now=LATER)

    assert watch(batch).state == "running"
    more = batch.assignments.filter(state="planned")[:5].values_list("pk", flat=True)
    batch.assignments.filter(pk__in=list(more)).update(
        **REJECTED, settled_at=LATER + timedelta(hours=1)
    )
    assert watch(batch).pause_reason.startswith(
        "Paused automatically after 5 failures and nothing created: "
    )


def test_many_long_problems_are_shortened_in_the_reason():
    rows = [{**REJECTED, "problem": f"{number} {'very ' * 60}late."} for number in range(10)]
    batch = watch(running([*rows, *REST]))

    assert batch.pause_reason.count("…”") == 3
    assert ", and 7 others. Fix the cause" in batch.pause_reason


def test_watch_makes_as_many_queries_for_any_size_of_batch(django_assert_num_queries):
    small, large = running(["created"] * 3 + REST), running(["created"] * 150 + REST)

    for batch in (small, large):
        watch(batch)
        with transaction.atomic(), django_assert_num_queries(2):
            auto_pause.watch([batch.pk], now=LATER)


def test_a_pause_by_a_person_wins_over_an_auto_pause(monkeypatch):
    batch = running([*(dict(REJECTED) for _ in range(10)), *REST])
    decide = failure_thresholds.alarm

    def decide_while_somebody_pauses(*args, **kwargs):
        control.pause(batch=batch, by=BY, now=LATER)
        return decide(*args, **kwargs)

    monkeypatch.setattr(auto_pause, "alarm", decide_while_somebody_pauses)

    assert watch(batch).pause_reason == "Paused by Priya Mehta."
    assert LogEntry.objects.filter(action="batch.paused").count() == 1
