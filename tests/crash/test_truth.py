"""The judge itself: it must find each broken promise, or its silence means nothing."""

import pytest

from tests.crash.truth import Row, Verdict, judge

CREATED = Row(1, "u1", "R", "created", "a1", waits=True, attempt=1)
UNKNOWN = Row(2, "u2", "R", "unknown", "", waits=True, attempt=2)
REJECTED = Row(3, "u3", "R", "rejected", "", waits=True, attempt=1)
ROWS = [CREATED, UNKNOWN, REJECTED]
HELD = [("u1", "R", "a1")]
LOGGED = [
    ("assignment/1", "assignment.created"),
    ("assignment/2", "assignment.outcome_unknown"),
    ("assignment/3", "assignment.rejected"),
]
MOVING = Row(4, "u4", "R", "unknown", "", waits=False, attempt=1)
SENDING = Row(4, "u4", "R", "sending", "", waits=True, attempt=1)
WITHOUT_ID = Row(4, "u4", "R", "created", "", waits=True, attempt=1)
UNSURE = ("assignment/4", "assignment.outcome_unknown")
DONE = ("assignment/4", "assignment.created")


def test_judge_is_content_with_the_truth():
    states = {"created": 1, "rejected": 1, "unknown": 1}

    assert judge(ROWS, HELD, LOGGED, calls=4) == Verdict(states=states, held=1)


@pytest.mark.parametrize(
    ("rows", "held", "logged"),
    [
        pytest.param([], [("u2", "R", "a2")], [], id="an unknown row that the LMS has"),
        pytest.param([WITHOUT_ID], [("u4", "R", "a4")], [DONE], id="confirmed without an id"),
    ],
)
def test_judge_is_content_with_what_a_person_can_settle(rows, held, logged):
    assert judge([*ROWS, *rows], HELD + held, LOGGED + logged).is_clean


@pytest.mark.parametrize(
    ("rows", "held", "logged", "broken"),
    [
        pytest.param([], [("u1", "R", "a9")], [], {"twice": 1, "unclaimed": 1}, id="sent twice"),
        pytest.param([MOVING], [], [UNSURE], {"lost": 1}, id="never settled"),
        pytest.param([WITHOUT_ID], [], [DONE], {"lost": 1}, id="created but not held"),
        pytest.param([SENDING], [], [], {"lost": 1, "in_sending": 1}, id="left in sending"),
        pytest.param(
            [], [("u3", "R", "a3")], [], {"untrue": 1, "unclaimed": 1}, id="rejected but held"
        ),
        pytest.param([], [("u9", "R", "a9")], [], {"unclaimed": 1}, id="held for nobody"),
        pytest.param([], [], LOGGED[:1], {"unlogged": 1}, id="an outcome logged twice"),
        pytest.param([MOVING], [], [], {"lost": 1, "unlogged": 1}, id="a doubt that is not logged"),
    ],
)
def test_judge_finds_a_broken_promise(rows, held, logged, broken):
    found = judge([*ROWS, *rows], HELD + held, LOGGED + logged)

    names = ("twice", "lost", "untrue", "unclaimed", "in_sending", "unlogged")
    assert {name: count for name in names if (count := getattr(found, name))} == broken
    assert len(found.problems) == sum(broken.values())


def test_judge_finds_a_record_that_two_rows_claim():
    twin = Row(4, "u1", "R", "created", "a1", waits=True, attempt=1)

    assert judge([*ROWS, twin], HELD, [*LOGGED, DONE]).unclaimed == 1


def test_judge_finds_a_call_that_no_row_tells_of():
    found = judge(ROWS, HELD, LOGGED, calls=5)

    assert found.unclaimed_calls == 1
    assert found.problems == ("The LMS was asked for 1 creates that no row tells of",)
