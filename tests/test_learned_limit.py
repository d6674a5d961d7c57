"""Backoff, cuts and recovery: how single refusals and headers change the rate."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.pacing.advertised_limit import (
    EXPIRES_AFTER_SECONDS,
    AdvertisedLimit,
)
from assignments.services.pacing.backoff import (
    JITTER_SHARE,
    LONGEST_DOUBLED_SECONDS,
    SHORTEST_SECONDS,
    Backoff,
)
from assignments.services.pacing.learned_limit import DEFAULT_CUT, LOWEST_RATE, LearnedLimit
from assignments.services.pacing.rate_recovery import CLIMB_STEPS, PLATEAU_SHARE, RateRecovery
from assignments.stackone.call_samples import ApiHealth, CallSample
from assignments.stackone.rate_limit_headers import RateLimit

FULL_RATE = 100.0


def refused(sent_monotonic: float, retry_after: float = 1.0) -> CallSample:
    """Return a call that was refused after 10 ms."""
    return CallSample(sent_monotonic, sent_monotonic + 0.01, ApiHealth.RATE_LIMITED, retry_after)


def accepted(sent_monotonic: float) -> CallSample:
    """Return a call that was accepted."""
    return CallSample(sent_monotonic, sent_monotonic + 0.02)


def accept_steadily(
    limiter: LearnedLimit, begin: float, end: float, rate: float = FULL_RATE
) -> None:
    """Record accepted calls at a rate."""
    for number in range(round((end - begin) * rate)):
        limiter.record_accepted(accepted(begin + number / rate))


def busy_limiter() -> LearnedLimit:
    """Return a rate limiter after five seconds of accepted calls."""
    limiter = LearnedLimit(Random(1))
    accept_steadily(limiter, 0, 5)
    return limiter


# Backoff


def test_a_backoff_lasts_as_long_as_retry_after_plus_jitter():
    backoff = Backoff(Random(1))

    assert backoff.record_refused(refused(5, retry_after=10))
    assert 15.01 <= backoff.until <= 15.01 + 10 * JITTER_SHARE
    assert (backoff.is_probing, backoff.seconds) == (True, 10)


def test_a_refusal_without_retry_after_backs_off_shortly():
    backoff = Backoff(Random(1))

    backoff.record_refused(refused(5, retry_after=0))

    assert 0 <= backoff.until - 5.01 - SHORTEST_SECONDS <= JITTER_SHARE * SHORTEST_SECONDS + 1e-9


def test_refusals_of_calls_sent_before_the_end_of_the_backoff_only_extend_it():
    backoff = Backoff(Random(1))
    backoff.record_refused(refused(5))
    first = backoff.until

    assert not backoff.record_refused(refused(4.9))
    assert backoff.until == first
    assert not backoff.record_refused(refused(5.02))
    assert backoff.until == pytest.approx(first + 0.02)
    assert not backoff.record_refused(refused(5, retry_after=30))
    assert backoff.until > 35


def test_backoffs_double_while_no_call_is_accepted():
    backoff, seconds = Backoff(Random(1)), []
    for _ in range(8):
        backoff.record_refused(refused(max(0, backoff.until)))
        seconds.append(backoff.seconds)

    assert seconds == [1, 2, 4, 8, 16, 32, LONGEST_DOUBLED_SECONDS, LONGEST_DOUBLED_SECONDS]
    backoff.record_accepted(accepted(backoff.until - 1))
    assert backoff.is_probing
    backoff.record_accepted(accepted(backoff.until))
    backoff.record_refused(refused(backoff.until))
    assert backoff.seconds == 1


# Recovery


def test_a_recovery_climbs_quickly_to_its_plateau_then_rises_slowly_then_faster():
    recovery = RateRecovery(start=70, limit=100, since=10, step=1, patience=20)

    rates = [round(recovery.rate(now)) for now in (0, 10, 11, 12, 15, 20, 30, 50, 70)]

    assert rates == [70, 70, 84, 92, 98, 98, 100, 114, 151]


@given(
    share=st.floats(0.1, PLATEAU_SHARE),
    limit=st.floats(0.1, 1e4),
    step=st.floats(1, 3600),
    patience=st.floats(20, 160),
    now=st.floats(0, 1e6),
    later=st.floats(0, 1e5),
)
def test_a_recovery_never_falls_and_begins_at_its_start(share, limit, step, patience, now, later):
    recovery = RateRecovery(share * limit, limit, 0, step, patience * step)

    assert recovery.rate(0) == pytest.approx(recovery.start)
    assert recovery.rate(now + later) >= recovery.rate(now) * (1 - 1e-9)
    assert recovery.rate(CLIMB_STEPS * step) >= PLATEAU_SHARE * limit * (1 - 1e-9)


# Cuts


def test_without_refusals_the_rate_is_the_full_rate():
    limiter = LearnedLimit(Random(1))

    accept_steadily(limiter, 0, 5)

    assert limiter.rate(5, FULL_RATE) == FULL_RATE


def test_an_unexplained_refusal_cuts_the_rate_by_a_third_after_the_backoff():
    limiter = busy_limiter()
    limiter.record_refused(refused(5), FULL_RATE)
    limiter.record_refused(refused(5.01), FULL_RATE)

    assert limiter.rate(5.1, FULL_RATE) == FULL_RATE
    assert limiter.rate(limiter.backoff.until, FULL_RATE) == pytest.approx(DEFAULT_CUT * FULL_RATE)


def test_a_refusal_in_the_first_second_only_backs_off():
    limiter = LearnedLimit(Random(1))
    accept_steadily(limiter, 4.5, 5)
    limiter.record_refused(refused(5), FULL_RATE)

    assert limiter.rate(limiter.backoff.until, FULL_RATE) == pytest.approx(FULL_RATE)


def test_refusals_of_one_round_cut_the_rate_once():
    limiter = busy_limiter()
    for number in range(10):
        limiter.record_refused(refused(5 + number / 100), FULL_RATE)
    end = limiter.backoff.until
    limiter.record_refused(CallSample(5.2, end - 0.01, ApiHealth.RATE_LIMITED, 1), FULL_RATE)
    end = limiter.backoff.until
    after = limiter.rate(end, FULL_RATE)
    limiter.record_refused(CallSample(5.2, end + 0.01, ApiHealth.RATE_LIMITED, 1), FULL_RATE)

    assert after == pytest.approx(DEFAULT_CUT * FULL_RATE)
    assert limiter.rate(limiter.backoff.until, FULL_RATE) >= after


def test_the_rate_accepted_during_a_climb_is_the_limit():
    limiter = busy_limiter()
    limiter.record_refused(refused(5), FULL_RATE)
    begin = limiter.backoff.until
    assert limiter.rate(begin, FULL_RATE) == pytest.approx(DEFAULT_CUT * FULL_RATE)
    accept_steadily(limiter, begin, begin + 0.5)
    limiter.record_refused(refused(begin + 0.5), FULL_RATE)

    rate = limiter.rate(limiter.backoff.until, FULL_RATE)

    assert rate == pytest.approx(PLATEAU_SHARE * 50)


def test_the_share_of_accepted_calls_shows_how_much_the_rate_was_too_high():
    limiter = busy_limiter()
    for number in range(40):
        sent_monotonic = 5 + number / 100
        if number % 4:
            limiter.record_accepted(accepted(sent_monotonic))
        else:
            limiter.record_refused(refused(sent_monotonic), FULL_RATE)

    assert limiter.rate(limiter.backoff.until, FULL_RATE) == pytest.approx(
        PLATEAU_SHARE * 0.75 * FULL_RATE
    )


def test_a_single_refusal_among_accepted_calls_cuts_hardly():
    limiter = busy_limiter()
    limiter.record_refused(refused(5), FULL_RATE)
    limiter.record_accepted(accepted(5.01))

    assert limiter.rate(limiter.backoff.until, FULL_RATE) == pytest.approx(
        PLATEAU_SHARE * FULL_RATE
    )


def test_a_refused_probe_does_not_cut_the_rate():
    limiter = busy_limiter()
    limiter.record_refused(refused(5), FULL_RATE)
    begin = limiter.backoff.until
    assert limiter.rate(begin, FULL_RATE) == pytest.approx(DEFAULT_CUT * FULL_RATE)
    limiter.record_refused(refused(begin), FULL_RATE)

    assert limiter.rate(limiter.backoff.until, FULL_RATE) >= DEFAULT_CUT * FULL_RATE


def test_an_advertised_limit_explains_refusals():
    limiter = busy_limiter()
    limiter.record_refused(refused(5), FULL_RATE)

    assert limiter.rate(limiter.backoff.until, 50) == 50
    assert limiter.rate(limiter.backoff.until, FULL_RATE) == FULL_RATE


def test_an_unchanged_limit_is_probed_less_often_each_time():
    limiter, patience = busy_limiter(), []
    limiter.record_refused(refused(5), FULL_RATE)
    now = limiter.backoff.until
    for _ in range(6):
        begin = now
        while limiter.rate(now, FULL_RATE) < 50:
            now += 0.5
        patience.append(now - begin)
        accept_steadily(limiter, now - 0.98, now + 0.02, 50)
        limiter.record_refused(refused(now + 0.01), FULL_RATE)
        now = limiter.backoff.until

    assert patience[0] == 0
    assert [round(later / 20) for later in patience[1:]] == [1, 2, 4, 8, 8]


# Headers


def advertising(limit: RateLimit, at: float = 5.0) -> CallSample:
    """Return a call of 100 ms whose response advertised a limit."""
    return CallSample(at - 0.1, at, ApiHealth.OK, 0, limit)


@pytest.mark.parametrize(
    ("limit", "rate"),
    [
        pytest.param(RateLimit(100, 1, 3, 1), 99.5, id="a second"),
        pytest.param(RateLimit(1000, 60, 3, 50), 16.583, id="a minute"),
        pytest.param(RateLimit(60, None, 30, 10), 5.97, id="a window as long as its reset"),
        pytest.param(RateLimit(60_000, 86_400, 5, 80_000), float("inf"), id="a day"),
        pytest.param(RateLimit(100), float("inf"), id="no window"),
        pytest.param(RateLimit(None, None, 5, 1), float("inf"), id="no quota"),
    ],
)
def test_the_rate_of_an_advertised_limit(limit, rate):
    advertised = AdvertisedLimit()

    advertised.record(advertising(limit), 1.0)

    assert advertised.rate(5.0) == pytest.approx(rate, abs=0.001)
    assert advertised.rate(5.0 + EXPIRES_AFTER_SECONDS) == float("inf")
    assert advertised.exhausted_until == float("-inf")


def test_a_window_as_long_as_the_longest_reset():
    advertised = AdvertisedLimit()

    for reset in (20, 60, 5):
        advertised.record(advertising(RateLimit(600, None, 30, reset)), 1.0)

    assert advertised.rate(5.0) == pytest.approx(9.95)


def test_calls_wait_for_the_reset_of_an_exhausted_long_quota():
    advertised = AdvertisedLimit()

    advertised.record(advertising(RateLimit(60_000, 86_400, 0, 900)), 1.0)
    assert advertised.exhausted_until == 905.0
    advertised.record(advertising(RateLimit(None, None, 0, None)), 1.0)
    assert advertised.exhausted_until == 5.0


def test_lowering_to_an_advertised_rate_counts_the_calls_sent_before():
    advertised = AdvertisedLimit()

    advertised.record(advertising(RateLimit(50, 1, 40, 1)), 100.0)

    # Ten calls a tenth of a second: those in flight take ten of the forty that remain.
    assert advertised.rate(5.5) == pytest.approx(30)
    assert advertised.rate(6.0) == pytest.approx(49.75)
    advertised.record(advertising(RateLimit(50, 1, 0, 1)), 100.0)
    assert advertised.rate(5.5) == pytest.approx(49.75 / 4)


def test_a_response_without_a_limit_changes_nothing():
    advertised = AdvertisedLimit()

    advertised.record(CallSample(0, 1), 100.0)

    assert advertised.rate(1) == float("inf")


@given(
    rounds=st.lists(st.tuples(st.floats(0, 500), st.floats(0, 90)), min_size=1, max_size=30),
    full_rate=st.floats(0.01, 1e5),
    seed=st.integers(0, 9),
)
def test_the_rate_stays_within_bounds_and_recovers(rounds, full_rate, seed):
    limiter, now = LearnedLimit(Random(seed)), 0.0
    for pause, retry_after in rounds:
        now = max(now, limiter.backoff.until) + pause
        limiter.record_accepted(accepted(now))
        limiter.record_refused(refused(now, retry_after), full_rate)
        assert min(LOWEST_RATE, full_rate) <= limiter.rate(now, full_rate) <= full_rate

    assert limiter.rate(limiter.backoff.until + 1e7, full_rate) >= 0.95 * full_rate
