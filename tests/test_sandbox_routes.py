"""Checks before each endpoint: key, client, account and rate limit."""

from collections.abc import Iterator

import httpx
import pytest

from assignments.stackone.sandbox.rate_limit import RateLimit, SlidingWindow
from tests.sandbox_process import KEY, Sandbox, running_sandbox

USERS = "/unified/lms/users"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(learners=10) as running:
        yield running


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        pytest.param({"auth": None}, 401, "Unauthorized", id="no key"),
        pytest.param({"auth": httpx.BasicAuth("other", "")}, 401, "Unauthorized", id="wrong key"),
        pytest.param(
            {"auth": httpx.BasicAuth("", "sandbox")}, 401, "Unauthorized", id="key as password"
        ),
        pytest.param({"headers": {"x-account-id": ""}}, 404, "Invalid account ID", id="no account"),
        pytest.param(
            {"headers": {"x-account-id": "other"}}, 404, "Invalid account ID", id="wrong account"
        ),
        pytest.param(
            {"url": "/unified/lms/completions"},
            501,
            "Feature not supported for this provider",
            id="not supported",
        ),
        pytest.param(
            {"url": "/unified/lms/nothing"},
            404,
            "Not Found: cannot GET /unified/lms/nothing",
            id="no such path",
        ),
        pytest.param(
            {"url": "/unified/lms/users/x", "method": "DELETE"},
            405,
            "Method Not Allowed: cannot DELETE /unified/lms/users/x",
            id="no such method",
        ),
    ],
)
def test_an_invalid_request_is_refused(
    sandbox: Sandbox, change: dict[str, object], status: int, message: str
) -> None:
    call: dict[str, object] = {"method": "GET", "url": USERS}
    with sandbox.client() as client:
        response = client.request(**call | change)  # type: ignore[arg-type]

    body = response.json()
    assert response.status_code == status
    assert body == {
        "statusCode": status,
        "message": message,
        "timestamp": body["timestamp"],
    }


def test_a_call_without_a_user_agent_is_refused(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        del client.headers["user-agent"]
        response = client.get(USERS)

    assert response.status_code == 403
    assert response.json()["message"] == "Forbidden: a valid User-Agent is required"


def test_requests_beyond_the_limit_are_refused_but_not_control_requests() -> None:
    with running_sandbox(requests_per_minute=3) as sandbox, sandbox.client() as client:
        statuses = [client.get(path).status_code for path in (USERS, "/accounts", USERS, USERS)]
        refused = client.get(USERS)

        assert statuses == [200, 200, 200, 429]
        assert 55 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["message"] == "Too Many Requests"
        assert sandbox.stats()["requests"] == {
            "GET /unified/lms/users": {"200": 2, "429": 2},
            "GET /accounts": {"200": 1},
        }


def test_requests_without_the_key_do_not_count() -> None:
    with running_sandbox(requests_per_minute=1) as sandbox, sandbox.client() as client:
        assert [client.get(USERS, auth=None).status_code for _ in range(3)] == [401] * 3
        assert client.get(USERS, auth=KEY).status_code == 200


def test_every_request_takes_at_least_the_latency() -> None:
    with running_sandbox(latency_ms=150) as sandbox, sandbox.client() as client:
        assert client.get(USERS).elapsed.total_seconds() >= 0.15


def test_the_window_slides_and_refused_requests_do_not_count() -> None:
    window = SlidingWindow(RateLimit(2))

    results = [window.admit(now) for now in (0.0, 30.0, 40.0, 59.5, 60.0, 60.5, 90.0)]

    assert results == [0, 0, 20, 1, 0, 30, 0]


def test_a_limit_of_zero_accepts_everything() -> None:
    window = SlidingWindow(RateLimit(0))

    assert [window.admit(0.0) for _ in range(5)] == [0] * 5


def test_a_window_of_a_second_accepts_a_sixtieth_of_a_minute() -> None:
    window = SlidingWindow(RateLimit(120, window_seconds=1))

    results = [window.admit(now) for now in (0.0, 0.5, 0.9, 1.0, 1.2)]

    assert results == [0, 0, 1, 0, 1]
    assert window.headers(1.2) == {
        "RateLimit-Policy": '"default";q=2;w=1',
        "RateLimit": '"default";r=0;t=1',
    }


def test_limits_change_while_it_runs() -> None:
    with running_sandbox() as sandbox, sandbox.client() as client:
        sandbox.set_limits(requests_per_minute=60, window_seconds=1, rate_headers=True)
        results = [client.get(USERS) for _ in range(2)]
        seconds = sandbox.stats(per_second=True)["per_second"]

    assert [response.status_code for response in results] == [200, 429]
    assert results[0].headers["ratelimit-policy"] == '"default";q=1;w=1'
    assert (sum(second[1] for second in seconds), sum(second[2] for second in seconds)) == (1, 1)


def test_invalid_limits_are_refused() -> None:
    with running_sandbox() as sandbox, httpx.Client(trust_env=False) as client:
        response = client.post(
            f"{sandbox.base_url}/sandbox/limits", json={"requests_per_minute": "many"}
        )

    assert response.status_code == 400
