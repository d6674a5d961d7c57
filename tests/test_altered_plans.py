"""Rows in flight of a batch whose plan is altered are settled by reading back what was sent."""

from datetime import timedelta

import pytest
from django.db.models import F

from assignments.models import Batch, PlanDigestInput
from assignments.services.batches import control
from assignments.services.planning.plan_digest import verified_input

pytestmark = [pytest.mark.core, pytest.mark.django_db]
POST = "POST /unified/lms/users/{id}/assignments"
HOUR = timedelta(hours=1)


def change_batch(**values):
    """Return a function that changes a batch in the database."""
    return lambda batch: Batch.objects.filter(pk=batch.pk).update(**values)


ALTERATIONS = {
    "a term of the batch": change_batch(status="in_progress", progress=99),
    "the digest": change_batch(plan_digest="f" * 64),
    "no digest input": lambda batch: PlanDigestInput.objects.filter(pk=batch.pk).delete(),
    "a term of each row": lambda batch: batch.assignments.update(due_at=F("due_at") + HOUR),
}


def sent_without_response(desk, faults):
    """Return a batch whose rows were sent, one for each fault, and are unknown."""
    batch = desk.submit(people=len(faults))
    desk.lms.set_faults(script=faults)
    desk.deliver()
    assert set(desk.states(batch)) == {"unknown"}
    return batch


@pytest.mark.parametrize("ends_by", ["left running", "stopped"])
@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS)
def test_rows_in_flight_of_an_altered_plan_are_settled(desk, settings, alter, ends_by):
    settings.SETTLE_SECONDS = 5
    batch = sent_without_response(desk, ["reset-after", "reset-before"])
    alter(batch)
    # Another process, which has not read the plan before.
    verified_input.cache_clear()
    if ends_by == "stopped":
        control.stop(batch=batch, by=desk.by, now=desk.clock())

    for _ in range(4):
        desk.clock.skip(seconds=4)
        desk.deliver()

    assert sorted(desk.states(batch)) == ["cancelled", "created"]
    stats = desk.lms.stats(held=True)
    created = batch.assignments.get(state="created")
    assert [held[2] for held in stats["held"]] == [created.remote_id]
    assert sum(stats["requests"][POST].values()) == 2
    batch.refresh_from_db()
    assert batch.state == ("stopped" if ends_by == "stopped" else "done")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"content_reference": "ANOTHER"}, id="the item"),
        pytest.param({"content_remote_id": "another"}, id="the id of the item"),
        pytest.param({"learner_remote_id": "another"}, id="the id of the person"),
    ],
)
def test_a_row_that_is_not_what_was_sent_is_left_to_a_person(desk, changes):
    batch = sent_without_response(desk, ["reset-after"])
    batch.assignments.update(**changes)

    desk.clock.skip(seconds=4)
    desk.deliver()

    row = batch.assignments.get()
    assert (row.state, row.read_back_at, row.remote_id) == ("unknown", None, "")
