"""Batches that may have been split to stay below the threshold of approvals."""

import json
from datetime import timedelta

import pytest

from assignments.models import Batch, Content, LogEntry
from assignments.queries.approvals import possibly_split_batches
from assignments.services.batches import control
from tests.approval_fixtures import (
    make_draft,
    make_second,
    submit,
)
from tests.conftest import NOON
from tests.factories import make_actor, make_user

pytestmark = pytest.mark.django_db


def submit_parts(owner, *, hours, sizes=(2, 2), **contents):
    """Return batches of the same item that a manager submits some hours apart."""
    batches: list[Batch] = []
    for number, size in enumerate(sizes):
        draft = make_draft(owner=owner, people=size)
        Content.objects.update(is_mandatory=False)
        if number and contents.get("is_same", True):
            draft.picked_contents.update(content=batches[0].assignments.values("content")[:1])
        batches.append(submit(draft, now=NOON + number * timedelta(hours=hours)))
    return batches


@pytest.mark.parametrize(
    ("options", "is_split"),
    [
        pytest.param({"hours": 23}, True, id="within a day"),
        pytest.param({"hours": 24}, False, id="a day apart"),
        pytest.param({"hours": 1, "is_same": False}, False, id="other content"),
        pytest.param({"hours": 1, "sizes": (1, 2)}, False, id="as many rows as may be"),
        pytest.param({"hours": 1, "sizes": (1, 1, 2)}, True, id="in three parts"),
        pytest.param({"hours": 1, "sizes": (4, 2)}, False, id="of which one was approved"),
    ],
)
def test_a_batch_that_may_have_been_split_is_pointed_out(settings, options, is_split):
    settings.APPROVAL_THRESHOLD = 3
    priya, daniel = make_user(), make_second()

    *others, last = submit_parts(priya, **options)

    assert last.split_with == [other.number for other in others] * is_split
    since = NOON - timedelta(days=1)
    assert list(possibly_split_batches(daniel, since=since)) == [last] * is_split
    for nobody in (priya, make_user("auditor")):
        assert list(possibly_split_batches(nobody, since=since)) == []
    logged = LogEntry.objects.filter(action="batch.split_detected")
    assert [json.loads(bytes(entry.body))["detail"] for entry in logged] == [
        {
            "batches": [other.ref for other in others],
            "rows": sum(batch.rows for batch in (*others, last)),
            "limit": 3,
        }
    ] * is_split


def test_parts_of_another_person_or_that_were_undone_do_not_count(settings):
    settings.APPROVAL_THRESHOLD = 3
    priya, daniel = make_user(), make_second()
    (undone,) = submit_parts(priya, hours=0, sizes=[2])
    control.undo(batch=undone, by=make_actor(priya), now=NOON)

    for owner in (daniel, priya):
        draft = make_draft(owner=owner)
        Content.objects.update(is_mandatory=False)
        draft.picked_contents.update(content=undone.assignments.values("content")[:1])
        assert submit(draft).split_with == []
