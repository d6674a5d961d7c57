"""Parsing rate-limit headers: every spelling, and nothing from malformed ones."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assignments.stackone.rate_limit_headers import (
    HEADER_NAMES,
    MAX_AMOUNT,
    MAX_HEADER_CHARACTERS,
    MAX_WAIT_SECONDS,
    RateLimit,
    parse_rate_limit,
)

DATE = "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        pytest.param(
            {"ratelimit-policy": '"default";q=100;w=1', "ratelimit": '"default";r=5;t=1'},
            RateLimit(100, 1, 5, 1),
            id="the current draft",
        ),
        pytest.param(
            {
                "ratelimit-policy": '"peruser";q=100;w=60;pk=:cHsdsRa894==:',
                "ratelimit": '"peruser" ; r=0 ; t=7 ; pk=:cHsdsRa894==:',
            },
            RateLimit(100, 60, 0, 7),
            id="with a partition key and spaces",
        ),
        pytest.param(
            {
                "ratelimit-policy": '"permin";q=50;w=60,"perhr";q=1000;w=3600',
                "ratelimit": '"permin";r=20;t=23, "perhr";r=399;t=2402',
            },
            RateLimit(1000, 3600, 399, 2402),
            id="the tighter of two policies",
        ),
        pytest.param(
            {"ratelimit-policy": '"a;b,\\"c\\"";q=10;w=2'},
            RateLimit(10, 2),
            id="signs inside a name",
        ),
        pytest.param(
            {"ratelimit-policy": '"bytes";q=9;qu="content-bytes";w=1, "calls";q=10;w=1'},
            RateLimit(10, 1),
            id="a policy about bytes",
        ),
        pytest.param(
            {"ratelimit": '"default";r=5;t=1'}, RateLimit(None, None, 5, 1), id="without the policy"
        ),
        pytest.param(
            {"ratelimit-policy": "100;w=10", "ratelimit": "limit=100, remaining=50, reset=5"},
            RateLimit(100, 10, 50, 5),
            id="draft 07",
        ),
        pytest.param(
            {
                "ratelimit-limit": "100, 100;w=10",
                "ratelimit-remaining": "50",
                "ratelimit-reset": "5",
            },
            RateLimit(100, 10, 50, 5),
            id="draft 06",
        ),
        pytest.param(
            {
                "x-ratelimit-limit": "5000",
                "x-ratelimit-remaining": "4999",
                "x-ratelimit-reset": "60",
            },
            RateLimit(5000, None, 4999, 60),
            id="reset in seconds",
        ),
        pytest.param(
            {"x-ratelimit-limit": "10", "x-ratelimit-reset": "1800000005", "date": DATE},
            RateLimit(10, None, None, 5),
            id="reset at a moment",
        ),
        pytest.param(
            {"x-ratelimit-limit": "10", "x-ratelimit-reset": "1800000005250", "date": DATE},
            RateLimit(10, None, None, 5.25),
            id="reset at a moment in milliseconds",
        ),
        pytest.param(
            {"x-ratelimit-limit": "10", "x-ratelimit-reset": "1799999999", "date": DATE},
            RateLimit(10, None, None, 0),
            id="reset at a moment that has passed",
        ),
        pytest.param(
            {"x-ratelimit-limit": "10", "x-ratelimit-reset": "1800000005"},
            RateLimit(10),
            id="reset at a moment of an unknown clock",
        ),
        pytest.param(
            {"x-ratelimit-limit": "10", "x-ratelimit-reset": "1800000005", "date": "now"},
            RateLimit(10),
            id="reset at a moment of a broken clock",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2678400000"},
            RateLimit(None, None, 0, None),
            id="a month in milliseconds, which may be a moment",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60000"},
            RateLimit(None, None, 0, 3600),
            id="a minute in milliseconds, which may be seconds",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "32503680000", "date": DATE},
            RateLimit(None, None, 0, 3600),
            id="a moment years ahead",
        ),
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after": "5"}, None, id="other headers"),
        pytest.param({"ratelimit": ";;=,"}, None, id="rubbish"),
        pytest.param({"ratelimit-policy": '"default";w=60'}, None, id="a window alone"),
        pytest.param({"x-ratelimit-reset": "5"}, None, id="a reset alone"),
        pytest.param({"x-ratelimit-limit": "0"}, None, id="a quota of none"),
        pytest.param({"x-ratelimit-limit": "-1"}, None, id="a quota below none"),
        pytest.param({"x-ratelimit-limit": "nan"}, None, id="no number"),
        pytest.param({"x-ratelimit-limit": "1e30"}, None, id="too large a number"),
        pytest.param({"x-ratelimit-limit": "1" + " " * 400}, None, id="too long a header"),
    ],
)
def test_parse_rate_limit(headers, limit):
    assert parse_rate_limit(headers) == limit


@pytest.mark.parametrize(
    ("limit", "per_second"),
    [
        pytest.param(RateLimit(100, 60), 100 / 60, id="quota and window"),
        pytest.param(RateLimit(100), None, id="no window"),
        pytest.param(RateLimit(None, 60), None, id="no quota"),
    ],
)
def test_rate_limit_per_second(limit, per_second):
    assert limit.per_second() == per_second


@given(
    quota=st.integers(1, 10**6),
    window=st.integers(1, 86_400),
    remaining=st.integers(0, 10**6),
    reset=st.integers(0, 86_400),
    name=st.text(string.ascii_letters + string.digits + "-_ ,;=", max_size=20),
)
def test_parse_rate_limit_of_the_current_draft(quota, window, remaining, reset, name):
    headers = {
        "ratelimit-policy": f'"{name}";q={quota};w={window}',
        "ratelimit": f'"{name}";r={remaining};t={reset}',
    }

    assert parse_rate_limit(headers) == RateLimit(quota, window, remaining, min(reset, 3_600))


SIGNS = st.sampled_from('";,=: \\.-qwrt0123456789aeinf\x00é')
VALUES = st.text(SIGNS, max_size=40) | st.text(max_size=MAX_HEADER_CHARACTERS + 10)


@given(st.dictionaries(st.sampled_from([*sorted(HEADER_NAMES), "date"]), VALUES))
@example(dict.fromkeys(sorted(HEADER_NAMES), "a;" * 200))
def test_parse_rate_limit_of_any_headers_is_within_bounds_or_none(headers):
    limit = parse_rate_limit(headers)

    if limit is not None:
        assert limit.quota is not None or limit.remaining is not None
        assert limit.quota is None or 1 <= limit.quota <= MAX_AMOUNT
        assert limit.window_seconds is None or 1 <= limit.window_seconds <= MAX_AMOUNT
        assert limit.remaining is None or 0 <= limit.remaining <= MAX_AMOUNT
        assert limit.reset_seconds is None or 0 <= limit.reset_seconds <= MAX_WAIT_SECONDS
