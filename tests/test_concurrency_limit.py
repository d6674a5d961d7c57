"""The concurrency limit: all slots while they are useful, fewer when calls only queue."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.pacing.concurrency_limit import PROBE_CONCURRENCY, ConcurrencyLimit
from assignments.services.pacing.rate_policy import RatePolicy
from assignments.stackone.call_samples import ApiHealth, CallSample
from tests.virtual_api import Api, Sender, SlidingWindow

HIGH_RATE = 16_000.0


def sender_to(api: Api, *, max_concurrency: int, per_second: float = HIGH_RATE) -> Sender:
    """Return a sender to an API without a limit on requests."""
    return Sender(
        api, RatePolicy(per_second=per_second, max_concurrency=max_concurrency, random=Random(1))
    )


def unlimited_api(**options) -> Api:
    """Return an API without limits."""
    return Api(SlidingWindow(lambda now: 10**9), **options)


@pytest.mark.parametrize(
    ("max_concurrency", "seconds"),
    [
        pytest.param(256, lambda random, now: 0.2, id="256 at 200 ms"),
        pytest.param(64, lambda random, now: 0.02, id="64 at 20 ms"),
        pytest.param(256, lambda random, now: random.expovariate(5), id="200 ms that vary much"),
        pytest.param(
            256, lambda random, now: 5.0 if random.random() < 0.01 else 0.2, id="one in 100 hangs"
        ),
        pytest.param(
            256, lambda random, now: random.choice([0.005, 0.2]), id="half are quick refusals"
        ),
    ],
)
def test_all_slots_are_used_after_one_second(max_concurrency, seconds):
    sender = sender_to(unlimited_api(seconds=seconds), max_concurrency=max_concurrency)

    sender.run(4)

    used = [sender.peak_concurrency(begin, begin + 0.5) for begin in (1, 1.5, 2, 2.5, 3, 3.5)]
    assert used == [max_concurrency] * 6


@pytest.mark.parametrize(
    ("workers", "seconds", "peak_concurrency"),
    [
        pytest.param(1, 0.02, 16, id="one at a time"),
        pytest.param(4, 0.2, 20, id="four at a time"),
        pytest.param(8, 0.1, 32, id="eight at a time"),
    ],
)
def test_an_api_that_queues_calls_gets_fewer_without_losing_throughput(
    workers, seconds, peak_concurrency
):
    api = unlimited_api(seconds=lambda random, now: seconds, workers=workers)
    sender = sender_to(api, max_concurrency=64)

    sender.run(30)

    assert sender.peak_concurrency(0, 1) == 64
    assert sender.peak_concurrency(15, 30) <= peak_concurrency
    assert api.share_used(15, 30, workers / seconds) >= 0.99


def test_an_api_that_is_slow_for_another_reason_gets_all_slots():
    api = unlimited_api(seconds=lambda random, now: 0.2 if now < 5 or now > 25 else 2.0)
    sender = sender_to(api, max_concurrency=64)

    sender.run(35)

    assert sender.peak_concurrency(12, 25) == sender.peak_concurrency(28, 35) == 64


def test_the_limit_rises_again_when_the_queue_is_gone():
    api = unlimited_api(seconds=lambda random, now: 0.02, workers=1)
    sender = sender_to(api, max_concurrency=64)
    sender.run(20)
    few = sender.peak_concurrency(15, 20)

    api.workers = 10_000
    sender.run(10)

    assert (few <= 16, sender.peak_concurrency(25, 30)) == (True, 64)


def test_the_limit_is_no_higher_than_the_rate_needs():
    sender = sender_to(
        unlimited_api(seconds=lambda random, now: 0.2), max_concurrency=64, per_second=20
    )

    sender.run(10)

    assert sender.policy.concurrency(10) == 8 + PROBE_CONCURRENCY
    assert sender.peak_concurrency(1, 10) == 4


def overloaded(sent_monotonic: float) -> CallSample:
    """Return a call without a response within a minute."""
    return CallSample(sent_monotonic, sent_monotonic + 60, ApiHealth.OVERLOADED)


def test_a_timed_out_call_halves_the_limit_once_per_round():
    limit = ConcurrencyLimit(64)

    for number in range(20):
        limit.record(overloaded(number), 80.0)
    assert limit.limit(HIGH_RATE) == 32
    limit.record(overloaded(81), 141.0)
    assert limit.limit(HIGH_RATE) == 16


def test_the_limit_rises_about_as_slowly_as_the_call_took_to_time_out():
    limit = ConcurrencyLimit(64)
    limit.record(overloaded(0), 60.0)

    numbers = []
    for now in range(61, 181):
        limit.record(CallSample(now - 0.5, now, ApiHealth.OK), float(now))
        numbers.append(limit.limit(HIGH_RATE))

    assert numbers == sorted(numbers)
    assert (numbers[0], numbers[29] <= 52, numbers[59]) == (32, True, 64)


def test_the_limit_is_at_least_one():
    limit = ConcurrencyLimit(1)

    limit.record(overloaded(0), 60.0)
    limit.record(overloaded(61), 121.0)

    assert limit.limit(0.001) == 1


@given(
    max_concurrency=st.integers(1, 300),
    calls=st.lists(
        st.tuples(
            st.floats(0, 3), st.floats(0, 70), st.sampled_from(ApiHealth), st.floats(1e-3, 1e5)
        ),
        max_size=150,
    ),
)
def test_the_limit_stays_within_bounds_whatever_happens(max_concurrency, calls):
    limit, now = ConcurrencyLimit(max_concurrency), 0.0
    for pause, seconds, health, rate in calls:
        now += pause
        limit.record(CallSample(now - seconds, now, health), now)
        assert 1 <= limit.limit(rate) <= max_concurrency
