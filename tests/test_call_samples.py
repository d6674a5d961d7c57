"""Samples of ended calls: the API's health by result and duration."""

import pytest

from assignments.stackone.call_samples import ApiHealth, CallSample, make_sample
from assignments.stackone.errors import (
    AccountUnusable,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from assignments.stackone.rate_limit_headers import RateLimit
from assignments.stackone.resources import CreatedAssignment


@pytest.mark.parametrize(
    ("result", "seconds", "health"),
    [
        pytest.param(CreatedAssignment("1", None, 201, {}), 0.2, ApiHealth.OK, id="created"),
        pytest.param(
            Refused("No such item.", status=404), 0.2, ApiHealth.OK, id="refused for good"
        ),
        pytest.param(AccountUnusable("No.", status=401), 0.2, ApiHealth.OK, id="key refused"),
        pytest.param(RateLimited("Slow down."), 0.2, ApiHealth.RATE_LIMITED, id="too many"),
        pytest.param(OutcomeUnknown("Late.", status=408), 60.0, ApiHealth.OVERLOADED, id="408"),
        pytest.param(
            OutcomeUnknown("Late.", status=504), 60.0, ApiHealth.OVERLOADED, id="gateway late"
        ),
        pytest.param(
            OutcomeUnknown("No answer."), 65.0, ApiHealth.OVERLOADED, id="no answer in time"
        ),
        pytest.param(OutcomeUnknown("Reset."), 0.2, ApiHealth.FAILED, id="connection reset"),
        pytest.param(OutcomeUnknown("Broken.", status=500), 40.0, ApiHealth.FAILED, id="500"),
        pytest.param(OutcomeUnknown("Odd.", status=201), 0.2, ApiHealth.FAILED, id="unreadable"),
        pytest.param(NotSent("Not reached."), 0.2, ApiHealth.FAILED, id="not reached"),
    ],
)
def test_sample_of_a_result(result, seconds, health):
    assert make_sample(result, sent_monotonic=5.0, ended_monotonic=5.0 + seconds).health is health


def test_sample_of_a_refusal_has_retry_after_and_the_advertised_limit():
    limit = RateLimit(100, 1, 0, 1)
    result = RateLimited("Slow down.", retry_after=7)

    sample = make_sample(result, sent_monotonic=5.0, ended_monotonic=5.5, limit=limit)

    assert sample == CallSample(5.0, 5.5, ApiHealth.RATE_LIMITED, 7, limit)
    assert sample.seconds == 0.5
