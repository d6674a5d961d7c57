"""Injected faults, seen from a bare socket."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from assignments.stackone.sandbox.faults import FAULT_KINDS, Faults, UnknownFault, validate_shares
from tests.sandbox_process import Sandbox, running_sandbox

CREATE = "POST /unified/lms/users/{id}/assignments"
SHORT_SECONDS = 0.3


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with running_sandbox(learners=20) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    running.set_faults()
    return running


@pytest.fixture(scope="module")
def user(running: Sandbox) -> str:
    with running.client() as client:
        return str(client.get("/unified/lms/users").json()["data"][0]["id"])


def exchange(sandbox: Sandbox, user: str) -> tuple[str, dict[str, str], bytes]:
    """Send a create and return the status line, the headers and the body of the response."""
    with sandbox.send_create(user) as connection, closing(connection.makefile("rb")) as response:
        status = response.readline().decode().strip()
        lines = iter(lambda: response.readline().decode().strip(), "")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        return status, headers, response.read(int(headers["content-length"]))


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        ("429", "HTTP/1.1 429 Too Many Requests", "1"),
        ("500", "HTTP/1.1 500 Internal Server Error", None),
        ("502", "HTTP/1.1 502 Bad Gateway", None),
        ("408", "HTTP/1.1 408 Request Timeout", "1"),
    ],
)
def test_an_error_response_has_no_effect(
    sandbox: Sandbox, user: str, kind: str, status: str, retry_after: str | None
) -> None:
    sandbox.set_faults(script=[kind])

    line, headers, body = exchange(sandbox, user)

    response = json.loads(body)
    assert (line, headers.get("retry-after")) == (status, retry_after)
    assert list(response) == ["statusCode", "message", "timestamp"]
    assert response["statusCode"] == int(kind)
    stats = sandbox.stats()
    assert (stats["requests"], stats["assignments"]) == ({CREATE: {kind: 1}}, 0)


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        pytest.param("reset-before", 0, id="before it takes effect"),
        pytest.param("reset-after", 1, id="after it took effect"),
    ],
)
def test_a_reset_connection_has_no_response(
    sandbox: Sandbox, user: str, kind: str, held: int
) -> None:
    sandbox.set_faults(script=[kind])

    with sandbox.send_create(user) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)

    stats = sandbox.stats()
    assert (stats["requests"], stats["assignments"]) == ({CREATE: {"dropped": 1}}, held)


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        pytest.param("hang", 0, id="without effect"),
        pytest.param("timeout-after", 1, id="after it took effect"),
    ],
)
def test_a_missing_response_leaves_the_connection_open(
    sandbox: Sandbox, user: str, kind: str, held: int
) -> None:
    sandbox.set_faults(script=[kind])

    with sandbox.send_create(user) as connection:
        connection.settimeout(SHORT_SECONDS)
        with pytest.raises(TimeoutError):
            connection.recv(1)

    stats = sandbox.stats()
    assert (stats["requests"], stats["assignments"]) == ({CREATE: {"silence": 1}}, held)


def test_a_malformed_response_is_no_json_and_takes_effect(sandbox: Sandbox, user: str) -> None:
    sandbox.set_faults(script=["malformed"])

    line, headers, body = exchange(sandbox, user)

    assert (line, headers["content-type"]) == ("HTTP/1.1 201 Created", "application/json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    assert sandbox.stats()["assignments"] == 1


def test_a_wrongly_typed_response_is_json_and_takes_effect(sandbox: Sandbox, user: str) -> None:
    sandbox.set_faults(script=["wrong-type"])

    line, _, body = exchange(sandbox, user)

    assert line == "HTTP/1.1 201 Created"
    assert json.loads(body) == {
        "statusCode": "201",
        "message": None,
        "timestamp": 0,
        "data": ["created"],
    }
    assert sandbox.stats()["assignments"] == 1


def test_a_slow_response_is_a_normal_one(sandbox: Sandbox, user: str) -> None:
    sandbox.set_faults(script=["slow"])
    started = time.monotonic()

    line, _, _ = exchange(sandbox, user)

    assert line == "HTTP/1.1 201 Created"
    assert time.monotonic() - started > 1.9


def test_a_script_sets_the_faults_of_the_next_creates_but_not_of_reads(
    sandbox: Sandbox, user: str
) -> None:
    sandbox.set_faults(script=["500", "ok", "429"])

    with sandbox.client() as client:
        assert client.get("/unified/lms/users").status_code == 200
    lines = [exchange(sandbox, user)[0].split()[1] for _ in range(4)]

    assert lines == ["500", "201", "429", "201"]


def test_an_invalid_create_is_refused_whatever_the_fault(sandbox: Sandbox) -> None:
    sandbox.set_faults(script=["reset-after"])

    line, _, _ = exchange(sandbox, "nobody")

    assert line == "HTTP/1.1 404 Not Found"


def test_shares_can_be_set_at_the_start_and_replaced(user: str) -> None:
    with running_sandbox(learners=20, faults={"502": 1}) as sandbox, sandbox.client() as client:
        assert exchange(sandbox, user)[0] == "HTTP/1.1 502 Bad Gateway"
        assert client.get("/unified/lms/users").status_code == 200

        sandbox.set_faults({"get-500": 1})
        assert exchange(sandbox, user)[0] == "HTTP/1.1 201 Created"
        assert client.get("/unified/lms/users").status_code == 500


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b'{"explosion": 0.1}', "There is no fault 'explosion'", id="unknown kind"),
        pytest.param(b'{"500": 2}', "between 0 and 1", id="more than always"),
        pytest.param(b'{"500": "often"}', "between 0 and 1", id="a word for a share"),
        pytest.param(b'{"500": true}', "between 0 and 1", id="a truth for a share"),
        pytest.param(b'{"500": 0.6, "502": 0.6}', "must not exceed 1", id="more than all"),
        pytest.param(b'{"script": ["get-500"]}', "to script", id="a read in the script"),
        pytest.param(b'{"script": "500"}', "must be an object", id="no list"),
        pytest.param(b"[]", "must be an object", id="no object"),
        pytest.param(b"500", "must be an object", id="a number"),
        pytest.param(b"{", "must be JSON", id="no JSON"),
    ],
)
def test_invalid_faults_are_refused(sandbox: Sandbox, user: str, body: bytes, problem: str) -> None:
    response = httpx.post(f"{sandbox.base_url}/sandbox/faults", content=body, trust_env=False)

    assert response.status_code == 400
    assert problem in response.json()["message"]


def test_the_same_seed_draws_the_same_faults_in_about_their_shares() -> None:
    shares = {"500": 0.1, "reset-after": 0.2, "get-429": 0.5}

    def drawn(seed: int) -> list[str]:
        faults = Faults(shares, seed)
        return [faults.next_create_fault() for _ in range(2000)]

    first = drawn(1)
    assert first == drawn(1) != drawn(2)
    assert first.count("500") == pytest.approx(200, rel=0.3)
    assert first.count("reset-after") == pytest.approx(400, rel=0.3)
    assert set(first) == {"ok", "500", "reset-after"}


def test_every_fault_is_valid() -> None:
    each: dict[str, Any] = dict.fromkeys(FAULT_KINDS, 0.05)

    assert validate_shares(each) == each
    with pytest.raises(UnknownFault, match="choose from 429, 500, 502, 408, hang"):
        validate_shares({"x": 0.1})
