"""Hold, undo, pause and stop a batch, each with its entry in the log."""

import json

import pytest

from assignments.management.command_line_actor import acting_as
from assignments.models import Draft, LogEntry
from assignments.services.batches import control, withdrawal
from assignments.services.submitting import submission
from tests.factories import AT, make_batch, make_user
from tests.log_fixtures import PRIYA

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(desk):
    """Return a submitted batch in its grace period."""
    draft = desk.draft(people=3)
    plan = desk.review(draft)
    return submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="",
        confirms_completed=False,
        by=desk.by,
        now=desk.clock(),
    )


def state(batch):
    """Return the batch's state as stored."""
    batch.refresh_from_db()
    return batch.state


def last_entry():
    """Return the action, actor and result of the newest entry about a batch."""
    about = LogEntry.objects.filter(action__startswith="batch.").order_by("-seq")
    return about.values_list("action", "actor", "result").first()


def last_reason():
    """Return the reason that the newest entry about a batch keeps."""
    about = LogEntry.objects.filter(action__startswith="batch.").latest("seq")
    return json.loads(bytes(about.body))["detail"].get("reason")


def test_undo_withdraws_every_row_and_reopens_the_draft(desk, waiting):
    draft = Draft.objects.get(pk=waiting.submission_key)

    control.undo(batch=waiting, by=desk.by, now=desk.clock())

    draft.refresh_from_db()
    assert (state(waiting), desk.states(waiting)) == ("cancelled", ["cancelled"] * 3)
    assert not draft.is_submitted
    assert last_entry() == ("batch.cancelled", desk.by.ref, "cancelled")
    assert LogEntry.objects.filter(action="assignment.cancelled").count() == 3
    again = desk.review(draft)
    assert (again.pk != waiting.pk, desk.states(again)) == (True, ["planned"] * 3)


def test_hold_keeps_a_batch_from_starting_until_a_person_starts_it(desk, waiting):
    control.hold(batch=waiting, by=desk.by, now=desk.clock())
    assert last_entry() == ("batch.held", desk.by.ref, "held")
    desk.clock.skip(hours=1)
    desk.deliver()
    assert (state(waiting), desk.states(waiting)) == ("held", ["planned"] * 3)

    control.start_now(batch=waiting, by=desk.by, now=desk.clock())
    desk.deliver()
    assert (state(waiting), desk.states(waiting)) == ("done", ["created"] * 3)


def test_a_batch_starts_when_its_grace_period_ends(desk, waiting):
    desk.deliver()
    assert state(waiting) == "waiting"

    desk.clock.skip(seconds=11)
    desk.deliver()

    assert (state(waiting), desk.states(waiting)) == ("done", ["created"] * 3)


def test_pause_and_resume(desk):
    batch = desk.submit(people=3)
    control.pause(batch=batch, by=desk.by, now=desk.clock())
    assert last_entry() == ("batch.paused", desk.by.ref, "paused")
    desk.deliver()
    assert (state(batch), desk.states(batch)) == ("paused", ["planned"] * 3)
    assert batch.pause_reason == "Paused by Priya Mehta."

    control.resume(batch=batch, by=desk.by, now=desk.clock())
    assert last_entry() == ("batch.resumed", desk.by.ref, "running")
    desk.deliver()
    assert (state(batch), desk.states(batch)) == ("done", ["created"] * 3)


def test_stop_withdraws_unsent_rows(desk):
    batch = desk.submit(people=3)

    control.stop(batch=batch, by=desk.by, now=desk.clock())
    desk.deliver()

    assert (state(batch), desk.states(batch)) == ("stopped", ["cancelled"] * 3)
    assert last_entry() == ("batch.stopped", desk.by.ref, "stopped")
    assert desk.lms.stats()["assignments"] == 0


def test_stop_still_settles_unknown_rows(desk, settings):
    settings.SETTLE_SECONDS = 5
    batch = desk.submit(people=2)
    desk.lms.set_faults(script=["reset-after", "reset-before"])
    desk.deliver()
    assert desk.states(batch) == ["unknown"] * 2

    control.stop(batch=batch, by=desk.by, now=desk.clock())
    for _ in range(4):
        desk.clock.skip(seconds=4)
        desk.deliver()

    assert sorted(desk.states(batch)) == ["cancelled", "created"]
    assert desk.lms.stats()["assignments"] == 1


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        pytest.param(control.undo, "It has started; use Stop instead.", id="undo"),
        pytest.param(control.hold, "It has started already.", id="hold"),
        pytest.param(control.start_now, "It has started already.", id="start now"),
        pytest.param(control.pause, "It is not running.", id="pause"),
        pytest.param(control.resume, "It is not paused.", id="resume"),
        pytest.param(control.stop, "It is not running.", id="stop"),
    ],
)
def test_a_finished_batch_refuses(desk, act, sentence):
    batch = desk.submit(people=1)
    desk.deliver()

    with pytest.raises(control.ControlRefused) as refusal:
        act(batch=batch, by=desk.by, now=desk.clock())

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("act", "from_state"),
    [
        pytest.param(control.undo, "held", id="undo"),
        pytest.param(control.hold, "waiting", id="hold"),
        pytest.param(control.pause, "running", id="pause"),
        pytest.param(control.resume, "paused", id="resume"),
        pytest.param(control.stop, "running", id="stop"),
    ],
)
def test_the_log_keeps_the_reason(act, from_state):
    batch = make_batch(["planned"], state=from_state, starts_at=AT)

    act(batch=batch, by=PRIYA, now=AT, why="Wrong course.")

    assert last_reason() == "Wrong course."


def test_a_pause_keeps_the_longest_reason():
    batch = make_batch(["planned"], state="running")

    control.pause(batch=batch, by=PRIYA, now=AT, why="x" * 500)

    batch.refresh_from_db()
    batch.clean_fields(exclude={field.name for field in batch._meta.fields} - {"pause_reason"})
    assert "x" * 500 in batch.pause_reason


def test_a_pause_says_who_and_why():
    batch = make_batch(["planned"], state="running")

    control.pause(batch=batch, by=PRIYA, now=AT, why="Wrong course.")

    assert (state(batch), batch.pause_reason) == (
        "paused",
        "Paused by Priya Mehta: “Wrong course”.",
    )


def test_stop_withdraws_every_row_of_a_large_batch(monkeypatch):
    monkeypatch.setattr(withdrawal, "CHUNK", 2)
    batch = make_batch(["planned", "queued", "sending", "planned", "created"], state="running")

    control.stop(batch=batch, by=PRIYA, now=AT)

    rows = batch.assignments.order_by("position").values_list("state", flat=True)
    assert list(rows) == ["cancelled", "cancelled", "sending", "cancelled", "created"]
    assert LogEntry.objects.filter(action="assignment.cancelled", actor=PRIYA.ref).count() == 3


def test_a_worker_withdraws_the_rest_on_behalf_of_who_stopped_it(monkeypatch):
    monkeypatch.setattr(withdrawal, "CHUNK", 1)
    monkeypatch.setattr(withdrawal, "CHUNKS_AT_ONCE", 2)
    batch = make_batch(["planned"] * 5, state="running")
    daniel = make_user("admin", name="Daniel Osei")
    make_batch(["planned"], state="running")

    control.stop(batch=batch, by=acting_as(daniel), now=AT)
    assert batch.assignments.filter(state="planned").count() == 3
    for _ in range(2):
        withdrawal.finish(now=AT)

    assert batch.assignments.filter(state="cancelled").count() == 5
    entries = LogEntry.objects.filter(action="assignment.cancelled")
    assert set(entries.values_list("actor", "batch")) == {(f"user/{daniel.pk}", batch.ref)}


def test_the_rest_of_a_stop_by_a_deleted_user_is_recorded_for_the_owner():
    batch = make_batch(["planned", "created"], state="stopped", finished_at=AT)

    withdrawal.finish(now=AT)

    entry = LogEntry.objects.get(action="assignment.cancelled")
    assert (entry.actor, entry.batch) == (f"user/{batch.by_id}", batch.ref)


def test_rows_of_an_undone_batch_can_be_planned_again_before_they_are_withdrawn(desk, waiting):
    draft = Draft.objects.get(pk=waiting.submission_key)
    control.undo(batch=waiting, by=desk.by, now=desk.clock())
    waiting.assignments.update(state="planned", settled_at=None)
    draft.refresh_from_db()

    plan = desk.review(draft)
    submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="",
        confirms_completed=False,
        by=desk.by,
        now=desk.clock(),
    )

    assert (state(plan), desk.states(plan)) == ("waiting", ["planned"] * 3)


def test_a_batch_whose_rows_were_changed_after_the_review_cannot_be_resumed():
    batch = make_batch(["planned"], state="paused", started_at=None)

    with pytest.raises(control.ControlRefused, match="not the ones that were reviewed"):
        control.resume(batch=batch, by=PRIYA, now=AT)
