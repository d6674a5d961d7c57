"""Changes between the review and the approval: people who left or got the item, other content."""

from datetime import timedelta

import pytest

from assignments.models import Content, Learner, LogEntry
from assignments.queries.plan_changes import NamedPeople, PlanChanges
from assignments.services.batches import late_duplicates
from tests.approval_fixtures import LATER, decide, make_second, make_waiting, release
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def got(batch, learner, *, after=timedelta(minutes=5)):
    """Let somebody get the item elsewhere after the review."""
    learner.remote_assignments.create(
        account=batch.account,
        remote_id=f"r-{learner.pk}",
        content=Content.objects.get(),
        first_seen_at=NOON + after,
    )


def test_drift_names_people_who_left_or_got_the_item_and_changed_content():
    batch = make_waiting(people=3)
    first, second, third = Learner.objects.order_by("pk")
    assert PlanChanges(batch.approval).is_none
    got(batch, first)
    got(batch, third, after=timedelta(minutes=-5))
    Learner.objects.filter(pk=second.pk).update(is_active=False)
    Content.objects.update(title="Fire Safety 2027")

    drift = PlanChanges(batch.approval)
    assert (drift.left, drift.got) == (NamedPeople(1, [str(second)]), NamedPeople(1, [str(first)]))
    assert drift.changed == ["Fire Safety 2027 (was: Fire Safety)"]
    assert (drift.gone, drift.is_none, drift.is_again) == ([], False, False)


@pytest.mark.parametrize(
    ("change", "gone", "changed"),
    [
        pytest.param({"is_active": False}, ["Fire Safety"], [], id="retired"),
        pytest.param({"fingerprint": "1:f2"}, [], ["Fire Safety"], id="described otherwise"),
        pytest.param({"fingerprint": "2:f1"}, [], [], id="a fingerprint of another version"),
    ],
)
def test_drift_names_content_that_is_retired_or_changed(change, gone, changed):
    batch = make_waiting()
    Content.objects.update(**change)

    drift = PlanChanges(batch.approval)
    assert (drift.gone, drift.changed) == (gone, changed)
    assert drift.is_none == (not gone and not changed)


@pytest.mark.parametrize(
    ("assigns_again", "states"),
    [
        pytest.param(False, ["skipped", "planned"], id="skipped"),
        pytest.param(True, ["planned", "planned"], id="unless asked for"),
    ],
)
def test_people_who_got_the_item_before_the_approval_are_skipped(assigns_again, states):
    batch = make_waiting(assigns_again=assigns_again)
    got(batch, batch.assignments.get(position=1).learner)
    decide(batch, make_second())

    release(batch, now=LATER + timedelta(minutes=1))

    rows = batch.assignments.order_by("position")
    assert (batch.state, list(rows.values_list("state", flat=True))) == ("running", states)
    problems = LogEntry.objects.filter(action="assignment.skipped")
    assert problems.count() == states.count("skipped")


def test_a_batch_whose_people_all_got_the_item_is_done(monkeypatch):
    monkeypatch.setattr(late_duplicates, "CHUNK", 1)
    batch = make_waiting()
    for row in batch.assignments.all():
        got(batch, row.learner)
    decide(batch, make_second())

    release(batch, now=LATER + timedelta(minutes=1))

    rows = batch.assignments.values_list("state", "problem")
    assert (batch.state, set(rows)) == ("done", {("skipped", late_duplicates.LATE_DUPLICATE)})
