"""Which record of the LMS counts as made by our call."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.sending.record_matching import (
    CLOCK_TOLERANCE,
    DUE_TOLERANCE,
    Sought,
    record_of_call,
)
from assignments.stackone.resources import RemoteAssignment

SENT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DUE = datetime(2027, 1, 15, 23, 59, 59, tzinfo=UTC)
SOUGHT = Sought(content_reference="CRS-1", content_id="c1", due_at=DUE, since=SENT)


def held(**changes: object) -> RemoteAssignment:
    """Return a record that fits what is sought, but for the changes."""
    record: dict[str, object] = {
        "id": "r1",
        "learning_object_external_reference": "CRS-1",
        "learning_object_id": "c1",
        "due_date": DUE.isoformat(),
        "created_at": (SENT + timedelta(seconds=1)).isoformat(),
    }
    return RemoteAssignment.from_json(record | changes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="all fits"),
        pytest.param({"due_date": "2027-01-16T06:59:59Z"}, id="due date shifted by seven hours"),
        pytest.param({"due_date": None}, id="no due date given back"),
        pytest.param({"created_at": None, "assigned_at": None}, id="no time given back"),
        pytest.param({"learning_object_external_reference": None}, id="only the item's id"),
    ],
)
def test_record_of_call_finds_the_record(changes):
    assert record_of_call([held(**changes)], SOUGHT, foreign=set()) == held(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": None}, id="a record without an id"),
        pytest.param({"learning_object_external_reference": "CRS-2"}, id="another item"),
        pytest.param({"due_date": "2027-02-15T23:59:59Z"}, id="another due date"),
        pytest.param({"created_at": "2026-11-23T11:50:00Z"}, id="made before our call"),
        pytest.param(
            {"learning_object_external_reference": None, "learning_object_id": None},
            id="no item at all",
        ),
    ],
)
def test_record_of_call_finds_nothing(changes):
    assert record_of_call([held(**changes)], SOUGHT, foreign=set()) is None


def test_record_of_call_leaves_out_what_was_known():
    records = [held(id="old"), held(id="new")]

    assert record_of_call(records, SOUGHT, foreign={"old"}) == held(id="new")


def test_record_of_call_takes_the_earliest_of_several():
    late = held(id="late", created_at=(SENT + timedelta(minutes=5)).isoformat())
    early = held(id="early", created_at=(SENT + timedelta(seconds=5)).isoformat())

    assert record_of_call([late, early], SOUGHT, foreign=set()) == early


@given(
    due_shift=st.timedeltas(timedelta(days=-40), timedelta(days=40)),
    age=st.timedeltas(timedelta(hours=-1), timedelta(hours=1)),
)
def test_record_of_call_follows_its_slack_exactly(due_shift, age):
    record = held(due_date=(DUE + due_shift).isoformat(), created_at=(SENT + age).isoformat())

    found = record_of_call([record], SOUGHT, foreign=set())

    assert (found is not None) == (abs(due_shift) <= DUE_TOLERANCE and age >= -CLOCK_TOLERANCE)
