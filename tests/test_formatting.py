"""Numbers and durations in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.queries import formatting


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.2, "less than a second", id="almost nothing"),
        pytest.param(1, "about 1 second", id="one second"),
        pytest.param(45, "about 45 seconds", id="seconds"),
        pytest.param(95, "about 1 min 35 s", id="a minute and more"),
        pytest.param(60, "about 1 min", id="a minute"),
        pytest.param(50 * 60, "about 50 min", id="minutes"),
        pytest.param(3 * 3600, "about 3 h", id="hours"),
        pytest.param(3 * 86400, "about 3 days", id="days"),
    ],
)
def test_duration_in_words(seconds, expected):
    assert formatting.duration(seconds) == expected


@given(st.integers(0, 10**7))
def test_duration_always_has_words(seconds):
    assert formatting.duration(seconds)


@pytest.mark.parametrize(
    ("count", "expected"),
    [pytest.param(1, "1 person", id="one"), pytest.param(3412, "3,412 people", id="many")],
)
def test_people_are_counted_in_words(count, expected):
    assert formatting.people(count) == expected
