"""Tests of the checks in `truth`: each detects its kind of failure."""

import pytest

from tests.crash.truth import Findings, Row, judge

CREATED = Row(1, "u1", "R", "created", "a1", waits=True, attempt=1, batch="batch/1", position=1)
UNKNOWN = Row(2, "u2", "R", "unknown", "", waits=True, attempt=2, batch="batch/1", position=2)
REJECTED = Row(3, "u3", "R", "rejected", "", waits=True, attempt=1, batch="batch/1", position=3)
ROWS = [CREATED, UNKNOWN, REJECTED]
HELD = [("u1", "R", "a1")]
LOGGED = [
    ("assignment/1", "assignment.created"),
    ("assignment/2", "assignment.outcome_unknown"),
    ("assignment/3", "assignment.rejected"),
]
STARTED = [attempt for row in ROWS for attempt in row.attempts]
MOVING = Row(4, "u4", "R", "unknown", "", waits=False, attempt=1, batch="batch/1", position=4)
SENDING = Row(4, "u4", "R", "sending", "", waits=True, attempt=1, batch="batch/1", position=4)
CONFIRMED = Row(4, "u4", "R", "confirmed", "", waits=False, attempt=1, batch="batch/1", position=4)
WITHOUT_ID = Row(4, "u4", "R", "created", "", waits=True, attempt=1, batch="batch/1", position=4)
UNSURE = ("assignment/4", "assignment.outcome_unknown")
DONE = ("assignment/4", "assignment.created")
TAKEN = ("assignment/4", "assignment.confirmed")


def test_judge_accepts_correct_rows():
    states = {"created": 1, "rejected": 1, "unknown": 1}

    assert judge(ROWS, HELD, LOGGED, STARTED, calls=4) == Findings(states=states, held=1)


@pytest.mark.parametrize(
    ("rows", "held", "logged"),
    [
        pytest.param([], [("u2", "R", "a2")], [], id="an unknown row that the LMS has"),
        pytest.param([CONFIRMED], [], [TAKEN], id="a confirmed row that the LMS does not show"),
        pytest.param([CONFIRMED], [("u4", "R", "a4")], [TAKEN], id="a confirmed row that it has"),
    ],
)
def test_judge_accepts_rows_that_a_person_can_settle(rows, held, logged):
    started = [attempt for row in [*ROWS, *rows] for attempt in row.attempts]

    assert judge([*ROWS, *rows], HELD + held, LOGGED + logged, started).is_clean


@pytest.mark.parametrize(
    ("rows", "held", "logged", "broken"),
    [
        pytest.param([], [("u1", "R", "a9")], [], {"twice": 1, "unclaimed": 1}, id="sent twice"),
        pytest.param([MOVING], [], [UNSURE], {"lost": 1}, id="never settled"),
        pytest.param([WITHOUT_ID], [], [DONE], {"lost": 1}, id="created but not held"),
        pytest.param([CONFIRMED], [], [], {"unlogged": 1}, id="a confirmed row that is not logged"),
        pytest.param([SENDING], [], [], {"lost": 1, "in_sending": 1}, id="still in sending"),
        pytest.param(
            [], [("u3", "R", "a3")], [], {"untrue": 1, "unclaimed": 1}, id="rejected but held"
        ),
        pytest.param([], [("u9", "R", "a9")], [], {"unclaimed": 1}, id="held without a row"),
        pytest.param([], [], LOGGED[:1], {"unlogged": 1}, id="an outcome logged twice"),
        pytest.param(
            [MOVING], [], [], {"lost": 1, "unlogged": 1}, id="an unknown row that is not logged"
        ),
    ],
)
def test_judge_detects_each_failure(rows, held, logged, broken):
    started = [attempt for row in [*ROWS, *rows] for attempt in row.attempts]

    findings = judge([*ROWS, *rows], HELD + held, LOGGED + logged, started)

    names = ("twice", "lost", "untrue", "unclaimed", "in_sending", "unlogged")
    assert {name: count for name in names if (count := getattr(findings, name))} == broken
    assert len(findings.problems) == sum(broken.values())


def test_judge_detects_a_record_claimed_by_two_rows():
    twin = Row(4, "u1", "R", "created", "a1", waits=True, attempt=1, batch="batch/1", position=4)

    assert judge([*ROWS, twin], HELD, [*LOGGED, DONE], STARTED + twin.attempts).unclaimed == 1


def test_judge_detects_a_call_without_a_row():
    findings = judge(ROWS, HELD, LOGGED, STARTED, calls=5)

    assert findings.unclaimed_calls == 1
    assert findings.problems == ("The LMS received 1 create requests that belong to no row",)


@pytest.mark.parametrize(
    "started",
    [
        pytest.param(STARTED[1:], id="a call that no entry names"),
        pytest.param([*STARTED, STARTED[1]], id="a call that two entries name"),
        pytest.param([*STARTED[:-1], ("batch/2", 3, 1)], id="a call of another batch"),
    ],
)
def test_judge_detects_calls_that_are_not_named_once(started):
    assert judge(ROWS, HELD, LOGGED, started, calls=4).unlogged == 1
