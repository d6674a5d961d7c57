"""The circuit: what opens it, how it asks, and what closes it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.calls.pacing.circuit_breaker import (
    FIRST_PAUSE,
    JITTER,
    LONGEST_PAUSE,
    OPENS_AFTER,
    OPENS_AT_ONCE_AFTER,
    TRIAL_SECONDS,
    UNLIMITED,
    Circuit,
)
from assignments.stackone.call_samples import Echo, Sign


def failed(left_at: float, ended_at: float, sign: Sign = Sign.FAILED) -> Echo:
    """Return a call that failed."""
    return Echo(left_at, ended_at, sign)


def done(left_at: float, ended_at: float, sign: Sign = Sign.DONE) -> Echo:
    """Return a call that was answered."""
    return Echo(left_at, ended_at, sign)


def opened(at: float = 0.0) -> Circuit:
    """Return a circuit that an outage has just opened."""
    circuit = Circuit(Random(1))
    circuit.note([failed(at - 1, at)] * OPENS_AT_ONCE_AFTER)
    return circuit


def test_all_calls_may_leave_at_first():
    circuit = Circuit(Random(1))

    assert (circuit.is_open, circuit.allowed(0)) == (False, UNLIMITED)


@pytest.mark.parametrize(
    ("echoes", "is_open"),
    [
        pytest.param([failed(0, 0)] * (OPENS_AT_ONCE_AFTER - 1), False, id="a burst at one moment"),
        pytest.param([failed(0, 0)] * OPENS_AT_ONCE_AFTER, True, id="many at one moment"),
        pytest.param([failed(0, i / 9) for i in range(10)], True, id="ten in a second"),
        pytest.param([failed(0, i / 10) for i in range(10)], False, id="ten in less"),
        pytest.param([failed(0, i) for i in range(9)], False, id="nine in nine seconds"),
        pytest.param(
            [failed(0, i, Sign.OVERLOADED) for i in range(10)], True, id="ten not in time"
        ),
        pytest.param(
            [*[failed(0, i) for i in range(9)], done(9, 9), *[failed(0, i) for i in range(9, 18)]],
            False,
            id="a success in between",
        ),
        pytest.param(
            [*[failed(0, i) for i in range(9)], done(9, 9, Sign.REFUSED), failed(0, 9)],
            False,
            id="a refusal in between",
        ),
    ],
)
def test_what_opens_it(echoes, is_open):
    circuit = Circuit(Random(1))

    circuit.note(echoes)

    assert circuit.is_open is is_open
    assert circuit.allowed(echoes[-1].ended_at) == (0 if is_open else UNLIMITED)


def test_one_call_may_leave_after_the_pause_and_no_second_one():
    circuit = opened()
    retry_at = circuit.retry_at

    assert circuit.allowed(retry_at - 0.001) == 0
    assert circuit.allowed(retry_at) == 1
    circuit.sent(retry_at)
    assert circuit.allowed(retry_at + 1) == 0
    circuit.note([done(retry_at, retry_at + 2)])
    assert (circuit.is_open, circuit.allowed(retry_at + 2)) == (False, UNLIMITED)


def test_what_left_before_the_pause_was_over_is_no_trial():
    circuit = opened()

    circuit.sent(circuit.retry_at - 0.5)

    assert circuit.allowed(circuit.retry_at) == 1


def test_a_trial_that_nothing_is_heard_of_is_repeated():
    circuit = opened()
    tried_at = circuit.retry_at
    circuit.sent(tried_at)

    assert circuit.allowed(tried_at + TRIAL_SECONDS - 1) == 0
    assert circuit.allowed(tried_at + TRIAL_SECONDS) == 1


def test_pauses_double_up_to_a_minute_and_begin_anew_after_a_success():
    circuit, pauses = opened(), []
    opened_at = 0.0
    for _ in range(8):
        pauses.append(circuit.retry_at - opened_at)
        left_at, opened_at = circuit.retry_at, circuit.retry_at + 3
        circuit.sent(left_at)
        circuit.note([failed(left_at, opened_at)])

    expected = [1, 2, 4, 8, 16, 32, 60, 60]
    assert all(
        plain <= pause <= min(LONGEST_PAUSE, plain * (1 + JITTER)) + 1e-9
        for plain, pause in zip(expected, pauses, strict=True)
    )
    circuit.note([done(opened_at, opened_at), *[failed(opened_at, opened_at)] * 40])
    assert circuit.retry_at - opened_at <= FIRST_PAUSE * (1 + JITTER)


def test_calls_that_left_before_the_trial_do_not_fail_it():
    circuit = opened()
    retry_at = circuit.retry_at
    circuit.note([failed(-2, 0.5)])
    circuit.sent(retry_at)

    circuit.note([failed(-2, retry_at + 1)] * 50)
    assert circuit.retry_at == retry_at
    circuit.note([done(-2, retry_at + 1.5)])
    assert not circuit.is_open


@given(
    seed=st.integers(0, 99),
    steps=st.lists(
        st.tuples(st.floats(0.01, 20), st.sampled_from([*Sign, None]), st.booleans()), max_size=60
    ),
)
def test_no_more_than_one_call_is_out_while_it_asks(seed, steps):
    circuit, now, trial = Circuit(Random(seed)), 0.0, None
    for pause, sign, is_late in steps:
        now += pause
        if sign is not None and (is_late or not circuit.is_open):
            circuit.note([Echo(now - 99 if is_late else now, now, sign)] * OPENS_AFTER)
        if not circuit.is_open:
            trial = None
            assert circuit.allowed(now) == UNLIMITED
            continue
        allowed = circuit.allowed(now)
        assert allowed in {0, 1}
        if allowed:
            assert now >= circuit.retry_at
            assert trial is None or now >= trial + TRIAL_SECONDS
            trial = now
            circuit.sent(now)
