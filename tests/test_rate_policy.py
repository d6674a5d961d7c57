"""The rate policy against APIs in virtual time: rates used, refusals and recovery.

The shares are those of the goals in docs/performance.md, counted by the API.
"""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.services.pacing.rate_policy import USABLE_SHARE, RatePolicy
from assignments.stackone.call_samples import ApiHealth, CallSample
from assignments.stackone.rate_limit_headers import RateLimit
from tests.virtual_api import Api, Limiter, Sender, SlidingWindow, TokenBucket


def send_for(
    limiter: Limiter,
    *,
    per_second: float,
    seconds: float,
    takes: float = 0.02,
    record_every: float = 0.02,
    seed: int = 1,
) -> Sender:
    """Send to an API for `seconds`; calls arrive up to 4 ms late."""
    api = Api(limiter, lambda random, now: takes, spread=0.004, random=Random(seed))
    policy = RatePolicy(per_second=per_second, max_concurrency=64, random=Random(seed))
    sender = Sender(api, policy, record_every)
    sender.run(seconds)
    return sender


def halved(now: float) -> int:
    """Return a limit that is halved after five seconds."""
    return 100 if now < 5 else 50


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("per_second", [100, 500])
def test_the_configured_rate_is_used_without_refusals(per_second, seed):
    limiter = SlidingWindow(lambda now: per_second)

    sender = send_for(limiter, per_second=per_second, seconds=10, seed=seed)

    assert sender.api.refused == []
    assert sender.api.share_used(0, 10, per_second) >= 0.99


def test_the_configured_rate_is_used_after_one_backoff_if_the_window_was_used_up():
    limiter = SlidingWindow(lambda now: 100)
    limiter.accepted.extend(number / 100 - 0.6 for number in range(60))

    sender = send_for(limiter, per_second=100, seconds=12)

    assert len(sender.api.refused) <= 5
    assert sender.api.share_used(2, 12, 100) >= 0.98


@pytest.mark.parametrize("record_every", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("takes", [0.02, 0.2])
def test_a_halved_limit_is_found_and_observed(takes, record_every):
    sender = send_for(
        SlidingWindow(halved), per_second=100, seconds=20, takes=takes, record_every=record_every
    )

    api = sender.api
    # Two backoffs of a second each: at the new limit, and when it is probed.
    assert api.share_used(9, 20, 50) >= 0.97
    assert len(api.refused) <= 0.01 * sender.sent


def test_a_new_limit_in_headers_is_observed_after_the_first_refusal():
    sender = send_for(SlidingWindow(halved, sends_headers=True), per_second=100, seconds=15)

    assert len(sender.api.refused) <= 3
    assert sender.api.share_used(7, 15, 50) >= 0.99


def test_a_refusal_of_a_call_sent_before_the_limit_was_advertised_does_not_cut():
    policy = RatePolicy(per_second=100, max_concurrency=64, random=Random(1))
    limit = RateLimit(50, 1, 0, 1)
    policy.record([CallSample(number / 100, number / 100 + 0.02) for number in range(500)], 5.02)

    policy.record(
        [
            CallSample(5, 5.03, ApiHealth.OK, 0, limit),
            CallSample(5.01, 5.04, ApiHealth.RATE_LIMITED, 1, limit),
        ],
        5.04,
    )

    assert policy.rate(5.5) < 20
    assert policy.rate(7) == pytest.approx(49.75)


@pytest.mark.parametrize("takes", [0.02, 0.2])
def test_headers_of_a_slower_provider_prevent_all_refusals(takes):
    limiter = SlidingWindow(lambda now: 50, sends_headers=True)

    sender = send_for(limiter, per_second=100, seconds=15, takes=takes)

    assert sender.api.refused == []
    assert sender.api.share_used(2, 15, 50) >= 0.99


@pytest.mark.parametrize(
    ("limiter", "per_second"),
    [
        pytest.param(SlidingWindow(lambda now: 70), 70, id="70 in a second"),
        pytest.param(SlidingWindow(lambda now: 10), 10, id="10 in a second"),
        pytest.param(SlidingWindow(lambda now: 1, window=0.5), 2, id="one in half a second"),
        pytest.param(SlidingWindow(lambda now: 600, window=60), 10, id="600 in a minute"),
        pytest.param(TokenBucket(lambda now: 50), 50, id="a bucket of 50 a second"),
        pytest.param(TokenBucket(lambda now: 5), 5, id="a bucket of 5 a second"),
    ],
)
def test_a_slower_provider_without_headers_is_used_nearly_fully_with_few_refusals(
    limiter, per_second
):
    sender = send_for(limiter, per_second=100, seconds=900, takes=0.05)

    api = sender.api
    late = [at for at in api.refused if at > 300]
    assert api.share_used(300, 900, per_second) >= 0.9
    assert len(late) <= 0.01 * len([at for at in api.accepted if at > 300])


def test_the_full_rate_comes_back_when_the_limit_rises_again():
    limiter = SlidingWindow(lambda now: 50 if 5 < now < 30 else 100)

    sender = send_for(limiter, per_second=100, seconds=140)

    assert sender.api.share_used(130, 140, 100) >= 0.99


def test_no_call_is_sent_during_retry_after_and_then_a_single_probe():
    policy = RatePolicy(per_second=100, max_concurrency=64, random=Random(1))

    policy.record([CallSample(5, 5.1, ApiHealth.RATE_LIMITED, 30)], 5.1)

    assert 35.1 <= policy.backoff_until <= 36.1
    assert policy.concurrency(40) == 1
    policy.record([CallSample(40, 40.1)], 40.1)
    assert policy.concurrency(41) > 1


def test_an_exhausted_daily_quota_stops_calls_until_its_reset():
    policy = RatePolicy(per_second=100, max_concurrency=64, random=Random(1))

    policy.record([CallSample(5, 5.1, ApiHealth.OK, 0, RateLimit(60_000, 86_400, 0, 900))], 5.1)

    assert policy.backoff_until == 905.1
    assert policy.rate(6) == pytest.approx(99.35)


def test_after_an_exhausted_quota_a_single_call_finds_out():
    policy = RatePolicy(per_second=100, max_concurrency=64, random=Random(1))
    daily = RateLimit(60_000, 86_400, 0, 900)
    policy.record([CallSample(5, 5.1, ApiHealth.OK, 0, daily)], 5.1)

    policy.record([CallSample(4, 5.2)], 5.2)
    assert policy.concurrency(910) == 1
    policy.record([CallSample(910, 910.1, ApiHealth.OK, 0, daily)], 910.1)
    assert (policy.concurrency(911), policy.backoff_until) == (1, 1_810.1)
    policy.record([CallSample(1_811, 1_811.1)], 1_811.1)
    assert policy.concurrency(1_812) > 1


def test_a_quota_that_is_exhausted_without_a_reset_does_not_slow_calls():
    policy = RatePolicy(per_second=100, max_concurrency=64, random=Random(1))

    policy.record([CallSample(5, 5.1, ApiHealth.OK, 0, RateLimit(None, None, 0))], 5.1)

    assert policy.concurrency(6) > 1


limits = st.none() | st.builds(
    RateLimit,
    st.none() | st.floats(1, 1e9),
    st.none() | st.floats(1, 1e9),
    st.none() | st.floats(0, 1e9),
    st.none() | st.floats(0, 1e6),
)


@given(
    per_second=st.floats(0.01, 1e5),
    max_concurrency=st.integers(1, 300),
    seed=st.integers(0, 9),
    calls=st.lists(
        st.tuples(
            st.floats(0, 100),
            st.floats(0, 70),
            st.sampled_from(ApiHealth),
            st.floats(0, 3600),
            limits,
        ),
        max_size=60,
    ),
)
def test_rate_and_concurrency_stay_within_bounds_whatever_happens(
    per_second, max_concurrency, seed, calls
):
    policy, now = (
        RatePolicy(per_second=per_second, max_concurrency=max_concurrency, random=Random(seed)),
        0.0,
    )
    for pause, seconds, health, retry_after, limit in calls:
        now += pause
        policy.record([CallSample(now - seconds, now, health, retry_after, limit)], now)

        assert 0 < policy.rate(now) <= USABLE_SHARE * per_second
        assert 1 <= policy.concurrency(now) <= max_concurrency
        assert health is not ApiHealth.RATE_LIMITED or policy.backoff_until >= now + retry_after

    assert policy.rate(now + 1e9) >= 0.95 * per_second
    assert not math.isnan(policy.backoff_until)


@settings(max_examples=12, deadline=None)
@given(
    limit=st.integers(5, 120),
    takes=st.floats(0.005, 0.5),
    record_every=st.sampled_from([0.01, 0.02, 0.05]),
    seed=st.integers(0, 99),
)
def test_any_limit_is_found_and_used(limit, takes, record_every, seed):
    sender = send_for(
        SlidingWindow(lambda now: limit),
        per_second=100,
        seconds=120,
        takes=takes,
        record_every=record_every,
        seed=seed,
    )

    max_concurrency = min(limit, 100)
    assert sender.api.share_used(60, 120, max_concurrency) >= 0.85
    assert len(sender.api.refused) <= max(40, 0.01 * sender.sent)
