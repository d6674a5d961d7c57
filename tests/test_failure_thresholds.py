"""When a batch should pause: the decision alone, for outcomes of every kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.batches.failure_thresholds import WINDOW, Alarm, Limits, alarm

LIMITS = Limits(canary=5, in_a_row=10, percent=20)
outcomes = st.lists(st.booleans(), max_size=150)
limits = st.builds(
    Limits,
    canary=st.integers(1, 20),
    in_a_row=st.integers(1, 120),
    percent=st.integers(1, 100),
)


@pytest.mark.parametrize(
    ("failures", "has_passed_canary", "words"),
    [
        pytest.param([], False, None, id="nothing yet"),
        pytest.param([True] * 4, False, None, id="the canary is not complete"),
        pytest.param([True] * 5, False, "5 failures and nothing created", id="a failed canary"),
        pytest.param([True] * 5, True, None, id="five failures after the canary"),
        pytest.param([True] * 4 + [False], False, None, id="one of the canary was created"),
        pytest.param([True] * 9 + [False], True, None, id="nine in a row"),
        pytest.param([True] * 10, True, "10 failures in a row", id="ten in a row"),
        pytest.param(
            [True] * 12 + [False], True, "12 failures in a row", id="a group brought two more"
        ),
        pytest.param([False, True] * 20, True, None, id="twenty failures"),
        pytest.param(
            [False, True] * 21, True, "21 failures in its last 42 rows", id="twenty-one failures"
        ),
        pytest.param(
            [False] * 90 + [True] * 9 + [False] + [True] * 9, True, None, id="old ones do not count"
        ),
    ],
)
def test_alarm_describes_the_failures(failures, has_passed_canary, words):
    raised = alarm(failures, LIMITS, has_passed_canary=has_passed_canary)

    assert (raised and str(raised)) == words


def test_one_failure_is_singular():
    assert str(Alarm(1, 1, "in a row")) == "1 failure in a row"


@given(outcomes, limits)
def test_a_batch_without_failures_continues(failures, limits):
    assert alarm([False] * len(failures), limits, has_passed_canary=True) is None


@given(outcomes, limits, st.booleans())
def test_an_alarm_counts_the_failures(failures, limits, has_passed_canary):
    raised = alarm(failures, limits, has_passed_canary=has_passed_canary)

    if raised is not None:
        assert raised.failures == sum(failures[: raised.outcomes]) > 0
        assert raised.outcomes <= len(failures)


@given(outcomes, limits)
def test_a_batch_without_an_alarm_is_within_every_limit(failures, limits):
    if alarm(failures, limits, has_passed_canary=True) is None:
        assert not all(failures[: limits.in_a_row]) or len(failures) < limits.in_a_row
        assert sum(failures[:WINDOW]) <= limits.percent


@given(outcomes, limits, st.booleans())
def test_one_more_failure_never_ends_an_alarm_of_a_streak(failures, limits, has_passed_canary):
    raised = alarm(failures, limits, has_passed_canary=has_passed_canary)

    if raised is not None and raised.where != f"in its last {raised.outcomes:,} rows":
        assert alarm([True, *failures], limits, has_passed_canary=has_passed_canary) is not None


@given(outcomes, limits)
def test_only_the_newest_outcomes_matter(failures, limits):
    newest = failures[: limits.outcomes]

    assert (alarm(newest, limits, has_passed_canary=True) is None) == (
        alarm(failures, limits, has_passed_canary=True) is None
    )
