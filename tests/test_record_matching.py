"""Which record of the LMS is taken as the one that our call made."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assignments.services.sending.record_matching import (
    CLOCK_TOLERANCE,
    DUE_TOLERANCE,
    Sought,
    may_be_ours,
    record_of_call,
)
from assignments.stackone.resources import RemoteAssignment

SENT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DUE = datetime(2027, 1, 15, 23, 59, 59, tzinfo=UTC)
SOUGHT = Sought(content_reference="CRS-1", content_id="c1", due_at=DUE, since=SENT)


def lms_record(**changes: object) -> RemoteAssignment:
    """Return a record that matches what is sought, except for the changes."""
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
        pytest.param({}, id="everything matches"),
        pytest.param({"due_date": "2027-01-16T06:59:59Z"}, id="due date shifted by seven hours"),
        pytest.param({"due_date": None}, id="no due date returned"),
        pytest.param({"created_at": None, "assigned_at": None}, id="no time returned"),
        pytest.param({"learning_object_external_reference": None}, id="only the item's id"),
    ],
)
def test_record_of_call_matches(changes):
    assert record_of_call([lms_record(**changes)], SOUGHT, foreign=set()) == lms_record(**changes)


def test_a_record_with_the_requested_time_of_assignment_matches():
    """Some LMSs return the time that the request had as the time at which they made the record."""
    requested = SENT - timedelta(days=30)
    record = lms_record(created_at=requested.isoformat())
    sought = dataclasses.replace(SOUGHT, assigned_at=requested)

    assert record_of_call([record], sought, foreign=set()) == record
    assert record_of_call([record], SOUGHT, foreign=set()) is None


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
        pytest.param(
            {"learning_object_external_reference": None, "learning_object_id": "c2"},
            id="the id of another item",
        ),
    ],
)
def test_record_of_call_does_not_match(changes):
    assert record_of_call([lms_record(**changes)], SOUGHT, foreign=set()) is None


def test_a_foreign_record_is_neither_the_one_of_the_call_nor_in_doubt():
    # Without the exclusion, the first of them would be taken.
    records = [lms_record(id="first"), lms_record(id="second")]

    assert record_of_call(records, SOUGHT, foreign={"first"}) == lms_record(id="second")
    assert may_be_ours(records, SOUGHT, foreign={"first"})
    assert record_of_call(records, SOUGHT, foreign={"first", "second"}) is None
    assert not may_be_ours(records, SOUGHT, foreign={"first", "second"})


def test_record_of_call_takes_the_earliest_of_several():
    early = lms_record(id="z", created_at=(SENT - timedelta(seconds=1)).isoformat())
    # Without a time it counts as made when the call was; of the same time, the lower id is first.
    timeless, same_time = (
        lms_record(id="y", created_at=None),
        lms_record(id="x", created_at=SENT.isoformat()),
    )
    late = lms_record(id="w", created_at=(SENT + timedelta(minutes=5)).isoformat())
    records = [late, timeless, same_time, early]

    order = []
    while records:
        record = record_of_call(records, SOUGHT, foreign=set())
        assert record is not None
        records.remove(record)
        order.append(record.id)
    assert order == ["z", "x", "y", "w"]


def test_record_of_call_ignores_due_dates_if_none_was_sent():
    without = dataclasses.replace(SOUGHT, due_at=None)

    assert record_of_call([lms_record()], without, foreign=set()) == lms_record()


@given(
    due_shift=st.timedeltas(timedelta(days=-40), timedelta(days=40)),
    age=st.timedeltas(timedelta(hours=-1), timedelta(hours=1)),
)
@example(due_shift=DUE_TOLERANCE, age=-CLOCK_TOLERANCE)
@example(due_shift=-DUE_TOLERANCE, age=timedelta())
def test_record_of_call_respects_its_tolerances_exactly(due_shift, age):
    record = lms_record(due_date=(DUE + due_shift).isoformat(), created_at=(SENT + age).isoformat())

    match = record_of_call([record], SOUGHT, foreign=set())

    assert (match is not None) == (abs(due_shift) <= DUE_TOLERANCE and age >= -CLOCK_TOLERANCE)
