"""Send slots: exact spacing, no bursts, and no slot in the past."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.stackone.send_slots import allocate_slots, reservation_lead, slot_spacing

pytestmark = pytest.mark.core

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def after(seconds: float) -> datetime:
    """Return the time so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("next_at", "first"),
    [
        pytest.param(after(-3600), after(0), id="unused time"),
        pytest.param(after(5), after(5), id="taken ahead"),
    ],
)
def test_slots_start_at_the_later_of_next_slot_and_now(next_at, first):
    step = slot_spacing(3)

    assert allocate_slots(next_at, NOON, 3, 3) == (
        [first, first + step, first + 2 * step],
        first + 3 * step,
    )


def test_no_slots_change_nothing():
    assert allocate_slots(after(5), NOON, 0, 1000) == ([], after(5))


@pytest.mark.parametrize(
    ("per_minute", "microseconds"),
    [
        pytest.param(1, 60_483_872, id="one a minute"),
        pytest.param(1000, 60_485, id="StackOne's limit"),
        pytest.param(10**9, 1, id="more than the clock can tell"),
    ],
)
def test_spacing_leaves_slack(per_minute, microseconds):
    assert slot_spacing(per_minute) == timedelta(microseconds=microseconds)


@pytest.mark.parametrize(
    ("per_minute", "milliseconds"),
    [
        pytest.param(60, 50, id="slow"),
        pytest.param(60_000, 25, id="a thousand a second"),
        pytest.param(60_000_000, 0, id="no limit to speak of"),
    ],
)
def test_the_lead_is_shorter_at_high_rates(per_minute, milliseconds):
    assert reservation_lead(per_minute) / timedelta(milliseconds=1) == pytest.approx(
        milliseconds, abs=0.3
    )


@given(
    per_minute=st.integers(1, 5000),
    takes=st.lists(
        st.tuples(st.integers(0, 40), st.timedeltas(timedelta(), timedelta(minutes=2))),
        max_size=12,
    ),
)
def test_no_minute_contains_more_slots_than_the_limit(per_minute, takes):
    now, next_at, taken = NOON, NOON - MINUTE, []
    for count, pause in takes:
        reserved, next_at = allocate_slots(next_at, now, count, per_minute)
        assert all(slot >= now for slot in reserved)
        taken += reserved
        now += pause

    gaps = [later - earlier for earlier, later in pairwise(taken)]
    assert all(gap >= slot_spacing(per_minute) for gap in gaps)
    for first, slot in enumerate(taken[per_minute:]):
        assert slot - taken[first] >= MINUTE
