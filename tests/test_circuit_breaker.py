"""The circuit breaker: what opens it, how it probes, and what closes it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.pacing.circuit_breaker import (
    FIRST_OPEN_SECONDS,
    JITTER_SHARE,
    LONGEST_OPEN_SECONDS,
    OPENS_AFTER_FAILURES,
    OPENS_IMMEDIATELY_AFTER,
    PROBE_TIMEOUT_SECONDS,
    UNLIMITED,
    CircuitBreaker,
)
from assignments.stackone.call_samples import ApiHealth, CallSample


def failed(
    sent_monotonic: float, ended_monotonic: float, health: ApiHealth = ApiHealth.FAILED
) -> CallSample:
    """Return a call that failed."""
    return CallSample(sent_monotonic, ended_monotonic, health)


def succeeded(
    sent_monotonic: float, ended_monotonic: float, health: ApiHealth = ApiHealth.OK
) -> CallSample:
    """Return a call that succeeded."""
    return CallSample(sent_monotonic, ended_monotonic, health)


def opened_breaker(at: float = 0.0) -> CircuitBreaker:
    """Return a circuit breaker that an outage has just opened."""
    breaker = CircuitBreaker(Random(1))
    breaker.record_ended([failed(at - 1, at)] * OPENS_IMMEDIATELY_AFTER)
    return breaker


def test_a_new_breaker_is_closed():
    breaker = CircuitBreaker(Random(1))

    assert (breaker.is_open, breaker.allowed_calls(0)) == (False, UNLIMITED)


@pytest.mark.parametrize(
    ("samples", "is_open"),
    [
        pytest.param(
            [failed(0, 0)] * (OPENS_IMMEDIATELY_AFTER - 1), False, id="a burst at one moment"
        ),
        pytest.param([failed(0, 0)] * OPENS_IMMEDIATELY_AFTER, True, id="many at one moment"),
        pytest.param([failed(0, i / 9) for i in range(10)], True, id="ten in a second"),
        pytest.param([failed(0, i / 10) for i in range(10)], False, id="ten in less"),
        pytest.param([failed(0, i) for i in range(9)], False, id="nine in nine seconds"),
        pytest.param(
            [failed(0, i, ApiHealth.OVERLOADED) for i in range(10)], True, id="ten not in time"
        ),
        pytest.param(
            [
                *[failed(0, i) for i in range(9)],
                succeeded(9, 9),
                *[failed(0, i) for i in range(9, 18)],
            ],
            False,
            id="a success in between",
        ),
        pytest.param(
            [
                *[failed(0, i) for i in range(9)],
                succeeded(9, 9, ApiHealth.RATE_LIMITED),
                failed(0, 9),
            ],
            False,
            id="a refusal in between",
        ),
    ],
)
def test_which_failures_open_it(samples, is_open):
    breaker = CircuitBreaker(Random(1))

    breaker.record_ended(samples)

    assert breaker.is_open is is_open
    assert breaker.allowed_calls(samples[-1].ended_monotonic) == (0 if is_open else UNLIMITED)


def test_a_single_probe_may_be_sent_after_the_open_time():
    breaker = opened_breaker()
    retry_monotonic = breaker.retry_monotonic

    assert breaker.allowed_calls(retry_monotonic - 0.001) == 0
    assert breaker.allowed_calls(retry_monotonic) == 1
    breaker.record_sent(retry_monotonic)
    assert breaker.allowed_calls(retry_monotonic + 1) == 0
    breaker.record_ended([succeeded(retry_monotonic, retry_monotonic + 2)])
    assert (breaker.is_open, breaker.allowed_calls(retry_monotonic + 2)) == (False, UNLIMITED)


def test_a_call_sent_during_the_open_time_is_no_probe():
    breaker = opened_breaker()

    breaker.record_sent(breaker.retry_monotonic - 0.5)

    assert breaker.allowed_calls(breaker.retry_monotonic) == 1


def test_a_probe_without_a_result_is_repeated():
    breaker = opened_breaker()
    probed_monotonic = breaker.retry_monotonic
    breaker.record_sent(probed_monotonic)

    assert breaker.allowed_calls(probed_monotonic + PROBE_TIMEOUT_SECONDS - 1) == 0
    assert breaker.allowed_calls(probed_monotonic + PROBE_TIMEOUT_SECONDS) == 1


def test_the_open_time_doubles_up_to_a_minute_and_restarts_after_a_success():
    breaker, pauses = opened_breaker(), []
    opened_monotonic = 0.0
    for _ in range(8):
        pauses.append(breaker.retry_monotonic - opened_monotonic)
        sent_monotonic, opened_monotonic = breaker.retry_monotonic, breaker.retry_monotonic + 3
        breaker.record_sent(sent_monotonic)
        breaker.record_ended([failed(sent_monotonic, opened_monotonic)])

    expected = [1, 2, 4, 8, 16, 32, 60, 60]
    assert all(
        plain <= pause <= min(LONGEST_OPEN_SECONDS, plain * (1 + JITTER_SHARE)) + 1e-9
        for plain, pause in zip(expected, pauses, strict=True)
    )
    breaker.record_ended(
        [
            succeeded(opened_monotonic, opened_monotonic),
            *[failed(opened_monotonic, opened_monotonic)] * 40,
        ]
    )
    assert breaker.retry_monotonic - opened_monotonic <= FIRST_OPEN_SECONDS * (1 + JITTER_SHARE)


def test_calls_sent_before_the_probe_do_not_count_as_its_failure():
    breaker = opened_breaker()
    retry_monotonic = breaker.retry_monotonic
    breaker.record_ended([failed(-2, 0.5)])
    breaker.record_sent(retry_monotonic)

    breaker.record_ended([failed(-2, retry_monotonic + 1)] * 50)
    assert breaker.retry_monotonic == retry_monotonic
    breaker.record_ended([succeeded(-2, retry_monotonic + 1.5)])
    assert not breaker.is_open


@given(
    seed=st.integers(0, 99),
    steps=st.lists(
        st.tuples(st.floats(0.01, 20), st.sampled_from([*ApiHealth, None]), st.booleans()),
        max_size=60,
    ),
)
def test_no_more_than_one_probe_is_in_flight(seed, steps):
    breaker, now, probed_monotonic = CircuitBreaker(Random(seed)), 0.0, None
    for pause, health, is_late in steps:
        now += pause
        if health is not None and (is_late or not breaker.is_open):
            breaker.record_ended(
                [CallSample(now - 99 if is_late else now, now, health)] * OPENS_AFTER_FAILURES
            )
        if not breaker.is_open:
            probed_monotonic = None
            assert breaker.allowed_calls(now) == UNLIMITED
            continue
        allowed = breaker.allowed_calls(now)
        assert allowed in {0, 1}
        if allowed:
            assert now >= breaker.retry_monotonic
            assert probed_monotonic is None or now >= probed_monotonic + PROBE_TIMEOUT_SECONDS
            probed_monotonic = now
            breaker.record_sent(now)
