"""Pauses, cuts and recoveries: what single refusals and headers do to the rate."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.calls.pacing.advertised_limit import BELIEVED_SECONDS, Quota
from assignments.services.calls.pacing.backoff import JITTER, LONGEST_DOUBLED, SHORTEST, Pause
from assignments.services.calls.pacing.rate_limiter import CUT, SLOWEST, Throttle
from assignments.services.calls.pacing.rate_recovery import CLIMB, KEPT, Recovery
from assignments.stackone.call_samples import Echo, Sign
from assignments.stackone.rate_limit_headers import Limit

FULL = 100.0


def refused(left_at: float, retry_after: float = 1.0) -> Echo:
    """Return a call that was refused at once."""
    return Echo(left_at, left_at + 0.01, Sign.REFUSED, retry_after)


def accepted(left_at: float) -> Echo:
    """Return a call that was let through."""
    return Echo(left_at, left_at + 0.02)


def steadily(throttle: Throttle, begin: float, end: float, rate: float = FULL) -> None:
    """Let calls through at a rate."""
    for number in range(round((end - begin) * rate)):
        throttle.accepted(accepted(begin + number / rate))


def busy() -> Throttle:
    """Return a throttle that let calls through for five seconds."""
    throttle = Throttle(Random(1))
    steadily(throttle, 0, 5)
    return throttle


# Pauses


def test_a_pause_is_as_long_as_asked_for_and_a_little_longer():
    pause = Pause(Random(1))

    assert pause.refused(refused(5, retry_after=10))
    assert 15.01 <= pause.until <= 15.01 + 10 * JITTER
    assert (pause.is_asking, pause.seconds) == (True, 10)


def test_a_refusal_that_asks_for_nothing_pauses_shortly():
    pause = Pause(Random(1))

    pause.refused(refused(5, retry_after=0))

    assert 0 <= pause.until - 5.01 - SHORTEST <= JITTER * SHORTEST + 1e-9


def test_refusals_of_calls_that_left_before_the_end_of_the_pause_lengthen_it_only():
    pause = Pause(Random(1))
    pause.refused(refused(5))
    first = pause.until

    assert not pause.refused(refused(4.9))
    assert pause.until == first
    assert not pause.refused(refused(5.02))
    assert pause.until == pytest.approx(first + 0.02)
    assert not pause.refused(refused(5, retry_after=30))
    assert pause.until > 35


def test_pauses_double_while_nothing_is_accepted():
    pause, seconds = Pause(Random(1)), []
    for _ in range(8):
        pause.refused(refused(max(0, pause.until)))
        seconds.append(pause.seconds)

    assert seconds == [1, 2, 4, 8, 16, 32, LONGEST_DOUBLED, LONGEST_DOUBLED]
    pause.accepted(accepted(pause.until - 1))
    assert pause.is_asking
    pause.accepted(accepted(pause.until))
    pause.refused(refused(pause.until))
    assert pause.seconds == 1


# Recoveries


def test_a_recovery_climbs_quickly_to_its_level_then_rises_slowly_then_faster():
    recovery = Recovery(start=70, limit=100, since=10, step=1, patience=20)

    rates = [round(recovery.rate(now)) for now in (0, 10, 11, 12, 15, 20, 30, 50, 70)]

    assert rates == [70, 70, 84, 92, 98, 98, 100, 114, 151]


@given(
    share=st.floats(0.1, KEPT),
    limit=st.floats(0.1, 1e4),
    step=st.floats(1, 3600),
    patience=st.floats(20, 160),
    now=st.floats(0, 1e6),
    later=st.floats(0, 1e5),
)
def test_a_recovery_never_falls_and_begins_at_its_start(share, limit, step, patience, now, later):
    recovery = Recovery(share * limit, limit, 0, step, patience * step)

    assert recovery.rate(0) == pytest.approx(recovery.start)
    assert recovery.rate(now + later) >= recovery.rate(now) * (1 - 1e-9)
    assert recovery.rate(CLIMB * step) >= KEPT * limit * (1 - 1e-9)


# Cuts


def test_without_refusals_the_rate_is_the_full_one():
    throttle = Throttle(Random(1))

    steadily(throttle, 0, 5)

    assert throttle.rate(5, FULL) == FULL


def test_a_refusal_that_nothing_explains_takes_a_third_once_the_pause_is_over():
    throttle = busy()
    throttle.refused(refused(5), FULL)
    throttle.refused(refused(5.01), FULL)

    assert throttle.rate(5.1, FULL) == FULL
    assert throttle.rate(throttle.pause.until, FULL) == pytest.approx(CUT * FULL)


def test_a_refusal_in_the_first_second_only_pauses():
    throttle = Throttle(Random(1))
    steadily(throttle, 4.5, 5)
    throttle.refused(refused(5), FULL)

    assert throttle.rate(throttle.pause.until, FULL) == pytest.approx(FULL)


def test_refusals_of_one_round_cut_once():
    throttle = busy()
    for number in range(10):
        throttle.refused(refused(5 + number / 100), FULL)
    end = throttle.pause.until
    throttle.refused(Echo(5.2, end - 0.01, Sign.REFUSED, 1), FULL)
    end = throttle.pause.until
    after = throttle.rate(end, FULL)
    throttle.refused(Echo(5.2, end + 0.01, Sign.REFUSED, 1), FULL)

    assert after == pytest.approx(CUT * FULL)
    assert throttle.rate(throttle.pause.until, FULL) >= after


def test_what_a_climb_had_accepted_is_the_limit():
    throttle = busy()
    throttle.refused(refused(5), FULL)
    begin = throttle.pause.until
    assert throttle.rate(begin, FULL) == pytest.approx(CUT * FULL)
    steadily(throttle, begin, begin + 0.5)
    throttle.refused(refused(begin + 0.5), FULL)

    rate = throttle.rate(throttle.pause.until, FULL)

    assert rate == pytest.approx(KEPT * 50)


def test_the_share_accepted_meanwhile_tells_how_far_too_high_the_rate_was():
    throttle = busy()
    for number in range(40):
        left_at = 5 + number / 100
        if number % 4:
            throttle.accepted(accepted(left_at))
        else:
            throttle.refused(refused(left_at), FULL)

    assert throttle.rate(throttle.pause.until, FULL) == pytest.approx(KEPT * 0.75 * FULL)


def test_a_single_refusal_among_accepted_calls_hardly_matters():
    throttle = busy()
    throttle.refused(refused(5), FULL)
    throttle.accepted(accepted(5.01))

    assert throttle.rate(throttle.pause.until, FULL) == pytest.approx(KEPT * FULL)


def test_a_call_that_asks_and_is_refused_again_cuts_nothing():
    throttle = busy()
    throttle.refused(refused(5), FULL)
    begin = throttle.pause.until
    assert throttle.rate(begin, FULL) == pytest.approx(CUT * FULL)
    throttle.refused(refused(begin), FULL)

    assert throttle.rate(throttle.pause.until, FULL) >= CUT * FULL


def test_a_limit_that_the_api_tells_explains_its_refusals():
    throttle = busy()
    throttle.refused(refused(5), FULL)

    assert throttle.rate(throttle.pause.until, 50) == 50
    assert throttle.rate(throttle.pause.until, FULL) == FULL


def test_a_limit_that_holds_is_left_alone_for_longer_each_time():
    throttle, patience = busy(), []
    throttle.refused(refused(5), FULL)
    now = throttle.pause.until
    for _ in range(6):
        begin = now
        while throttle.rate(now, FULL) < 50:
            now += 0.5
        patience.append(now - begin)
        steadily(throttle, now - 0.98, now + 0.02, 50)
        throttle.refused(refused(now + 0.01), FULL)
        now = throttle.pause.until

    assert patience[0] == 0
    assert [round(later / 20) for later in patience[1:]] == [1, 2, 4, 8, 8]


# Headers


def told(limit: Limit, at: float = 5.0) -> Echo:
    """Return a call whose answer told a limit; it took 100 ms."""
    return Echo(at - 0.1, at, Sign.DONE, 0, limit)


@pytest.mark.parametrize(
    ("limit", "rate"),
    [
        pytest.param(Limit(100, 1, 3, 1), 99.5, id="a second"),
        pytest.param(Limit(1000, 60, 3, 50), 16.583, id="a minute"),
        pytest.param(Limit(60, None, 30, 10), 5.97, id="a window as long as its reset"),
        pytest.param(Limit(60_000, 86_400, 5, 80_000), float("inf"), id="a day"),
        pytest.param(Limit(100), float("inf"), id="no window"),
        pytest.param(Limit(None, None, 5, 1), float("inf"), id="no quota"),
    ],
)
def test_the_rate_that_headers_tell(limit, rate):
    quota = Quota()

    quota.note(told(limit), 1.0)

    assert quota.rate(5.0) == pytest.approx(rate, abs=0.001)
    assert quota.rate(5.0 + BELIEVED_SECONDS) == float("inf")
    assert quota.spent_until == float("-inf")


def test_a_window_as_long_as_the_longest_reset():
    quota = Quota()

    for reset in (20, 60, 5):
        quota.note(told(Limit(600, None, 30, reset)), 1.0)

    assert quota.rate(5.0) == pytest.approx(9.95)


def test_a_long_quota_that_is_spent_is_waited_for():
    quota = Quota()

    quota.note(told(Limit(60_000, 86_400, 0, 900)), 1.0)
    assert quota.spent_until == 905.0
    quota.note(told(Limit(None, None, 0, None)), 1.0)
    assert quota.spent_until == 5.0


def test_coming_down_to_a_told_rate_counts_what_left_before():
    quota = Quota()

    quota.note(told(Limit(50, 1, 40, 1)), 100.0)

    # Ten calls a tenth of a second: those in flight take ten of the forty that remain.
    assert quota.rate(5.5) == pytest.approx(30)
    assert quota.rate(6.0) == pytest.approx(49.75)
    quota.note(told(Limit(50, 1, 0, 1)), 100.0)
    assert quota.rate(5.5) == pytest.approx(49.75 / 4)


def test_an_answer_without_a_limit_changes_nothing():
    quota = Quota()

    quota.note(Echo(0, 1), 100.0)

    assert quota.rate(1) == float("inf")


@given(
    rounds=st.lists(st.tuples(st.floats(0, 500), st.floats(0, 90)), min_size=1, max_size=30),
    full=st.floats(0.01, 1e5),
    seed=st.integers(0, 9),
)
def test_the_rate_stays_within_bounds_and_comes_back(rounds, full, seed):
    throttle, now = Throttle(Random(seed)), 0.0
    for pause, retry_after in rounds:
        now = max(now, throttle.pause.until) + pause
        throttle.accepted(accepted(now))
        throttle.refused(refused(now, retry_after), full)
        assert min(SLOWEST, full) <= throttle.rate(now, full) <= full

    assert throttle.rate(throttle.pause.until + 1e7, full) >= 0.95 * full
