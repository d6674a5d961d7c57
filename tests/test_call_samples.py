"""What an ended call tells about the API."""

import pytest

from assignments.stackone.call_samples import Echo, Sign, echo_of
from assignments.stackone.errors import (
    AccountUnusable,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
)
from assignments.stackone.rate_limit_headers import Limit
from assignments.stackone.resources import Created


@pytest.mark.parametrize(
    ("reply", "seconds", "sign"),
    [
        pytest.param(Created("1", None, 201, {}), 0.2, Sign.DONE, id="created"),
        pytest.param(Refused("No such item.", status=404), 0.2, Sign.DONE, id="refused for good"),
        pytest.param(AccountUnusable("No.", status=401), 0.2, Sign.DONE, id="key refused"),
        pytest.param(RateLimited("Slow down."), 0.2, Sign.REFUSED, id="too many"),
        pytest.param(OutcomeUnknown("Late.", status=408), 60.0, Sign.OVERLOADED, id="408"),
        pytest.param(OutcomeUnknown("Late.", status=504), 60.0, Sign.OVERLOADED, id="gateway late"),
        pytest.param(OutcomeUnknown("No answer."), 65.0, Sign.OVERLOADED, id="no answer in time"),
        pytest.param(OutcomeUnknown("Reset."), 0.2, Sign.FAILED, id="connection reset"),
        pytest.param(OutcomeUnknown("Broken.", status=500), 40.0, Sign.FAILED, id="500"),
        pytest.param(OutcomeUnknown("Odd.", status=201), 0.2, Sign.FAILED, id="unreadable"),
        pytest.param(NotSent("Not reached."), 0.2, Sign.FAILED, id="not reached"),
    ],
)
def test_echo_of_a_reply(reply, seconds, sign):
    assert echo_of(reply, left_at=5.0, ended_at=5.0 + seconds).sign is sign


def test_echo_of_a_refusal_keeps_when_to_come_back_and_the_limit_told():
    limit = Limit(100, 1, 0, 1)
    reply = RateLimited("Slow down.", retry_after=7)

    echo = echo_of(reply, left_at=5.0, ended_at=5.5, limit=limit)

    assert echo == Echo(5.0, 5.5, Sign.REFUSED, 7, limit)
    assert echo.seconds == 0.5
