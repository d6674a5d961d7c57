"""Holding, undoing, pausing, stopping and retrying, each with its entry in the log."""

import pytest

from assignments.models import Draft, LogEntry
from assignments.services import control, submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(desk):
    """Return a submitted batch in its hold."""
    draft = desk.draft(people=3)
    plan = desk.review(draft)
    return submission.submit(
        draft=draft,
        plan_sha256=plan.plan_sha256,
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
    """Return the newest entry's action, actor and result."""
    return LogEntry.objects.order_by("-seq").values_list("action", "actor", "result").first()


def test_undo_withdraws_every_row_and_gives_the_draft_back(desk, waiting):
    draft = Draft.objects.get(pk=waiting.submission_key)

    control.undo(batch=waiting, by=desk.by, now=desk.clock())

    draft.refresh_from_db()
    assert (state(waiting), desk.states(waiting)) == ("cancelled", ["cancelled"] * 3)
    assert not draft.is_submitted
    assert last_entry() == ("batch.cancelled", desk.by.ref, "cancelled")
    assert LogEntry.objects.filter(action="assignment.cancelled").count() == 3
    again = desk.review(draft)
    assert (again.pk != waiting.pk, desk.states(again)) == (True, ["planned"] * 3)


def test_hold_keeps_it_from_starting_until_a_person_does(desk, waiting):
    control.hold(batch=waiting, by=desk.by, now=desk.clock())
    assert last_entry() == ("batch.held", desk.by.ref, "held")
    desk.clock.skip(hours=1)
    desk.deliver()
    assert (state(waiting), desk.states(waiting)) == ("held", ["planned"] * 3)

    control.start_now(batch=waiting, by=desk.by, now=desk.clock())
    desk.deliver()
    assert (state(waiting), desk.states(waiting)) == ("done", ["created"] * 3)


def test_a_batch_starts_by_itself_when_its_hold_ends(desk, waiting):
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
    assert batch.paused_because == "Paused by Priya Mehta."

    control.resume(batch=batch, by=desk.by, now=desk.clock())
    assert last_entry() == ("batch.resumed", desk.by.ref, "running")
    desk.deliver()
    assert (state(batch), desk.states(batch)) == ("done", ["created"] * 3)


def test_stop_withdraws_what_has_not_left(desk):
    batch = desk.submit(people=3)

    control.stop(batch=batch, by=desk.by, now=desk.clock())
    desk.deliver()

    assert (state(batch), desk.states(batch)) == ("stopped", ["cancelled"] * 3)
    assert last_entry() == ("batch.stopped", desk.by.ref, "stopped")
    assert desk.lms.stats()["assignments"] == 0


def test_stop_still_settles_what_is_unknown(desk, settings):
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


def test_retry_failed_sends_only_what_was_refused(desk):
    batch = desk.submit(people=2)
    rows = list(batch.assignments.order_by("position"))
    good = rows[0].content_reference
    batch.assignments.filter(pk=rows[0].pk).update(content_reference="GONE")
    desk.deliver()
    assert desk.states(batch) == ["rejected", "created"]

    batch.assignments.filter(pk=rows[0].pk).update(content_reference=good)
    assert control.retry_failed(batch=batch, by=desk.by, now=desk.clock()) == 1
    assert state(batch) == "running"
    desk.deliver()

    assert (state(batch), desk.states(batch)) == ("done", ["created"] * 2)
    assert desk.lms.stats()["duplicates"] == 0
    requeued = LogEntry.objects.get(action="assignment.requeued")
    assert (requeued.actor, requeued.subject) == (desk.by.ref, f"assignment/{rows[0].pk}")


def test_retry_one_sends_an_undecided_row_again(desk, settings):
    settings.SETTLE_SECONDS = 5
    batch = desk.submit(people=1)
    desk.lms.set_faults({"500": 1.0})
    for _ in range(8):
        desk.deliver()
        desk.clock.skip(seconds=6)
    assert desk.states(batch) == ["unknown"]
    desk.lms.set_faults({})

    control.retry_one(assignment=batch.assignments.get(), by=desk.by, now=desk.clock())
    desk.deliver()

    assert (state(batch), desk.states(batch)) == ("done", ["created"])


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        pytest.param(control.undo, "It has started; use Stop instead.", id="undo"),
        pytest.param(control.hold, "It has started already.", id="hold"),
        pytest.param(control.start_now, "It has started already.", id="start now"),
        pytest.param(control.pause, "It is not running.", id="pause"),
        pytest.param(control.resume, "It is not paused.", id="resume"),
        pytest.param(control.stop, "It is not running.", id="stop"),
        pytest.param(control.retry_failed, "Nothing is left that a retry could help.", id="retry"),
    ],
)
def test_a_finished_batch_refuses(desk, act, sentence):
    batch = desk.submit(people=1)
    desk.deliver()

    with pytest.raises(control.ControlRefused) as refusal:
        act(batch=batch, by=desk.by, now=desk.clock())

    assert str(refusal.value) == sentence


def test_retry_one_refuses_a_settled_row(desk):
    batch = desk.submit(people=1)
    desk.deliver()

    with pytest.raises(control.ControlRefused, match="settled or still moving"):
        control.retry_one(assignment=batch.assignments.get(), by=desk.by, now=desk.clock())
