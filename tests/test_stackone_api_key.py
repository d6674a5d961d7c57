"""The API key shows up nowhere: not printed, not logged, not in an error, not in its trace."""

import base64
import logging
import socket
import traceback
from collections.abc import Iterator

import httpx
import pytest

from assignments.stackone.api_key import ApiKey
from assignments.stackone.client import StackOne
from assignments.stackone.errors import StackOneError
from assignments.stackone.resources import NewAssignment

CANARY = "v1.eu1.canary-5f0c2d7be1"
SIGNED = base64.b64encode(f"{CANARY}:".encode()).decode()
NEW = NewAssignment("CRS-1", "c1", None, "pending", None, None)


def fail(error: Exception) -> httpx.MockTransport:
    """Return a transport on which every request ends like this."""

    def serve(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == f"Basic {SIGNED}"
        error.request = request  # type: ignore[attr-defined]
        raise error

    return httpx.MockTransport(serve)


def echo(status: int) -> httpx.MockTransport:
    """Return a transport that repeats the key in everything it says."""
    text = f"Bad key {CANARY}, sent as {SIGNED}"

    def serve(_: httpx.Request) -> httpx.Response:
        headers = {"x-request-id": text, "date": text, "retry-after": text}
        return httpx.Response(status, json={"message": text, "data": [text]}, headers=headers)

    return httpx.MockTransport(serve)


def everything_about(error: BaseException) -> Iterator[str]:
    """Yield whatever could be printed of an error, the variables of its trace included."""
    yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in trace.stack if "/stackone/" in frame.filename]
    yield from (repr(frame.locals) for frame in frames)
    yield "".join(traceback.format_exception(error))
    for linked in (error.__cause__, error.__context__):
        if linked is not None:
            yield from everything_about(linked)


@pytest.mark.parametrize(
    "transport",
    [
        pytest.param(fail(httpx.ConnectError("refused")), id="never left"),
        pytest.param(fail(httpx.ReadTimeout("slow")), id="no answer"),
        pytest.param(fail(httpx.ReadError("reset")), id="reset"),
        pytest.param(fail(httpx.RemoteProtocolError(f"bad line: {SIGNED}")), id="no HTTP"),
        *(pytest.param(echo(status), id=str(status)) for status in (201, 302, 401, 422, 429, 500)),
    ],
)
def test_no_error_contains_the_key(transport):
    api = StackOne(
        base_url="https://api.example", api_key=CANARY, account_id="acc", transport=transport
    )

    with api, pytest.raises(StackOneError) as raised:
        api.create_assignment("u1", NEW)

    shown = "\n".join(everything_about(raised.value))
    assert CANARY not in shown
    assert SIGNED not in shown


def test_no_log_contains_the_key(caplog):
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        api = StackOne(base_url=base_url, api_key=CANARY, account_id="acc", timeout_seconds=0.2)
        with api, pytest.raises(StackOneError):
            api.create_assignment("u1", NEW)
        connection, _ = listener.accept()
        with connection:
            sent = connection.recv(65536).decode()

    assert f"authorization: Basic {SIGNED}" in sent.replace("Authorization", "authorization")
    assert "selector" in caplog.text
    assert CANARY not in caplog.text
    assert SIGNED not in caplog.text


def parts_of(thing: object) -> Iterator[object]:
    """Yield an object of the client and every object of ours that it is made of."""
    yield thing
    for part in vars(thing).values():
        if type(part).__module__.startswith("assignments.") and hasattr(part, "__dict__"):
            yield from parts_of(part)


def test_the_client_does_not_show_the_key():
    with StackOne(base_url="https://api.example", api_key=CANARY, account_id="acc") as api:
        shown = repr(api) + "".join(repr(vars(part)) for part in parts_of(api))

    assert "[api key]" in shown
    assert repr(api) == (
        "StackOne(base_url='https://api.example', account_id='acc', contract='2025-12', "
        "status_style='underscore', timeout_seconds=65.0, allows_private=False)"
    )
    assert CANARY not in shown
    assert SIGNED not in shown


def test_an_api_key_is_masked_everywhere():
    key = ApiKey(CANARY)

    assert (str(key), repr(key), f"{key}") == ("[api key]",) * 3
    assert key.mask(f"{CANARY} and {SIGNED}") == "[api key] and [api key]"
    assert ApiKey("sandbox").mask("the sandbox") == "the sandbox"
