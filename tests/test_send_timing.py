"""When calls leave: at their time, never in a burst, and not before a hold ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.stackone.send_timing import TIMER_LATENESS, SendTiming


def leaves(timing, reserved, wakes=()):
    """Let calls leave at their reserved times, each no earlier than its wake; return when."""
    times: list[float] = []
    for number, at in enumerate(reserved):
        wake = wakes[number] if number < len(wakes) else 0.0
        now = max(timing.earliest_send(at), wake, times[-1] if times else 0.0)
        timing.record_send(at, now)
        times.append(now)
    return times


def paced(gap):
    """Return a rhythm with this time between calls."""
    timing = SendTiming()
    timing.minimum_gap = gap
    return timing


def test_calls_leave_at_their_reserved_times():
    assert leaves(SendTiming(), [10.0, 10.1, 12.0]) == [10.0, 10.1, 12.0]


def test_what_a_stall_held_up_leaves_at_the_same_pace():
    times = leaves(paced(0.01), [10 + n / 100 for n in range(6)], [0, 10.5])

    assert times == pytest.approx([10.0, 10.5, 10.508, 10.518, 10.528, 10.538], abs=0.001)


def test_nothing_leaves_before_a_hold_ends_and_then_at_the_pace():
    timing = paced(0.1)
    leaves(timing, [10.0])
    timing.back_off_until(15.0)

    assert leaves(timing, [10.1, 10.2]) == pytest.approx([15.0, 15.1], abs=0.001)


def test_a_hold_does_not_put_off_what_is_later_anyway():
    timing = SendTiming()
    leaves(timing, [10.0])
    timing.back_off_until(15.0)

    assert leaves(timing, [20.0]) == [20.0]


def test_a_slower_pace_holds_for_what_was_reserved_before():
    timing = SendTiming()
    leaves(timing, [10.0])
    timing.minimum_gap = 0.1

    assert leaves(timing, [10.01, 10.02]) == pytest.approx([10.1, 10.2], abs=0.001)


@given(
    stalls=st.lists(st.floats(0, 3), max_size=5),
    rate=st.integers(5, 500),
    seconds=st.floats(1, 4),
)
def test_no_window_holds_more_than_the_pace(stalls, rate, seconds):
    count = int(rate * seconds)
    wakes = [0.0] * count
    for number, stall in enumerate(stalls):
        at = (number + 1) * count // (len(stalls) + 1)
        wakes[at] = 100 + at / rate + stall

    times = leaves(paced(1 / rate), [100 + n / rate for n in range(count)], wakes)

    for first, time in enumerate(times):
        within = [later for later in times[first:] if later < time + 1]
        assert len(within) <= rate + 1 + len(stalls) * (1 + TIMER_LATENESS * rate)
