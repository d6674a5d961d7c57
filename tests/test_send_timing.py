"""When calls are sent: at their time, never in a burst, and not during a backoff."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.stackone.send_timing import TIMER_LATENESS, SendTiming


def send_all(timing, reserved, wakes=()):
    """Send calls at their reserved times, none before its wake-up; return the send times."""
    times: list[float] = []
    for number, at in enumerate(reserved):
        wake = wakes[number] if number < len(wakes) else 0.0
        now = max(timing.earliest_send(at), wake, times[-1] if times else 0.0)
        timing.record_send(at, now)
        times.append(now)
    return times


def timing_with_gap(gap):
    """Return a timing with this minimum gap between calls."""
    timing = SendTiming()
    timing.minimum_gap = gap
    return timing


def test_calls_are_sent_at_their_reserved_times():
    assert send_all(SendTiming(), [10.0, 10.1, 12.0]) == [10.0, 10.1, 12.0]


def test_overdue_calls_after_a_stall_are_sent_with_the_usual_gap():
    times = send_all(timing_with_gap(0.01), [10 + n / 100 for n in range(6)], [0, 10.5])

    assert times == pytest.approx([10.0, 10.5, 10.508, 10.518, 10.528, 10.538], abs=0.001)


def test_no_call_is_sent_during_a_backoff_and_later_ones_keep_the_gap():
    timing = timing_with_gap(0.1)
    send_all(timing, [10.0])
    timing.back_off_until(15.0)

    assert send_all(timing, [10.1, 10.2]) == pytest.approx([15.0, 15.1], abs=0.001)


def test_a_backoff_does_not_delay_calls_after_it():
    timing = SendTiming()
    send_all(timing, [10.0])
    timing.back_off_until(15.0)

    assert send_all(timing, [20.0]) == [20.0]


def test_a_larger_gap_applies_to_calls_that_were_reserved_before():
    timing = SendTiming()
    send_all(timing, [10.0])
    timing.minimum_gap = 0.1

    assert send_all(timing, [10.01, 10.02]) == pytest.approx([10.1, 10.2], abs=0.001)


@given(
    stalls=st.lists(st.floats(0, 3), max_size=5),
    rate=st.integers(5, 500),
    seconds=st.floats(1, 4),
)
def test_no_window_contains_more_calls_than_the_rate_allows(stalls, rate, seconds):
    count = int(rate * seconds)
    wakes = [0.0] * count
    for number, stall in enumerate(stalls):
        at = (number + 1) * count // (len(stalls) + 1)
        wakes[at] = 100 + at / rate + stall

    times = send_all(timing_with_gap(1 / rate), [100 + n / rate for n in range(count)], wakes)

    for first, time in enumerate(times):
        within = [later for later in times[first:] if later < time + 1]
        assert len(within) <= rate + 1 + len(stalls) * (1 + TIMER_LATENESS * rate)
