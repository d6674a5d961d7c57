"""The client without a network: the requests it sends and how it treats responses."""

import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from assignments.stackone import client as client_module
from assignments.stackone import http_exchange, paging
from assignments.stackone.address import encode_path_segment, validate_base_url
from assignments.stackone.client import StackOne
from assignments.stackone.errors import (
    Contradiction,
    NotSent,
    OutcomeUnknown,
    Refused,
    StackOneError,
)
from assignments.stackone.resources import (
    CreatedAssignment,
    LinkedAccount,
    NewAssignment,
    Page,
    User,
)

BASE = "https://api.example"
NEW = NewAssignment("CRS-1", "c1", None, "in_progress", None, None)
SINCE = datetime(2026, 11, 23, 12, tzinfo=UTC)

Server = Callable[[httpx.Request], httpx.Response]


def client(server: Server, **options: object) -> StackOne:
    """Return a client whose requests go to a function."""
    values = {"base_url": BASE, "api_key": "key", "account_id": "acc", **options}
    return StackOne(transport=httpx.MockTransport(server), **values)  # type: ignore[arg-type]


def server_with(status: int = 200, **response: object) -> Server:
    """Return a server with the same response to every request."""
    return lambda _: httpx.Response(status, **response)  # type: ignore[arg-type]


def server_with_bodies(*bodies: object) -> tuple[Server, list[httpx.Request]]:
    """Return a server that responds with each body in turn, and the list of its requests."""
    remaining, requests = list(bodies), []

    def serve(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=remaining.pop(0))

    return serve, requests


def test_create_assignment_sends_one_request():
    requests: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(201, json={"data": {"id": "a1", "remote_id": 7}})

    with client(serve, contract="2025-02", status_style="hyphen") as api:
        created = api.create_assignment("u/1 é%2F?", NEW)

    (request,) = requests
    assert request.method == "POST"
    assert str(request.url) == f"{BASE}/unified/lms/users/u%2F1%20%C3%A9%252F%3F/assignments"
    assert dict(request.headers) == {
        "host": "api.example",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "connection": "keep-alive",
        "user-agent": http_exchange.USER_AGENT,
        "x-account-id": "acc",
        "content-length": str(len(request.content)),
        "content-type": "application/json",
        "authorization": "Basic a2V5Og==",
    }
    assert json.loads(request.content) == NEW.as_json("2025-02", "hyphen")
    assert created == CreatedAssignment("a1", "7", 201, created.response)
    assert created.response is not None
    assert created.response["body"] == '{"data":{"id":"a1","remote_id":7}}'


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        pytest.param(b'\n\n\xef\xbb\xbf{"data": {}}'.replace(b"\n", b""), (None, None), id="BOM"),
        pytest.param(b'\r\n\n{"data": {"id": "a1"}}', ("a1", None), id="blank lines before"),
        pytest.param(b'{"data": {"id": null, "remote_id": "r"}}', (None, "r"), id="no id"),
        pytest.param(b'{"data": {"id": ""}}', (None, None), id="an empty id"),
        pytest.param(b'{"data": null}', (None, None), id="no data"),
        pytest.param(b"{}", (None, None), id="nothing"),
    ],
)
def test_create_assignment_may_lack_an_id(body, ids):
    with client(server_with(201, content=body)) as api:
        created = api.create_assignment("u1", NEW)

    assert (created.id, created.remote_id, created.status) == (*ids, 201)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"id": "a1"',
        b"<html>",
        b"[]",
        b'"created"',
        b'{"data": ["a1"]}',
        b'{"data": "a1"}',
        b'{"data": {"id": {"value": "a1"}}}',
        b'{"data": {"id": true}}',
        b'{"data": {"remote_id": 1.5}}',
        b"[" * 200_000,
    ],
    ids=lambda body: body[:40].decode(),
)
def test_create_assignment_with_an_unreadable_response_is_unknown(body):
    with client(server_with(201, content=body)) as api, pytest.raises(OutcomeUnknown) as raised:
        api.create_assignment("u1", NEW)

    assert raised.value.status == 201
    assert raised.value.message == "StackOne responded 201, but its response cannot be read."
    assert raised.value.response["body"] == body[:2000].decode()


@pytest.mark.parametrize("status", [200, 201, 202, 207, 299])
def test_create_assignment_accepts_every_success(status):
    with client(server_with(status, json={"data": {"id": "a1"}})) as api:
        created = api.create_assignment("u1", NEW)

    assert (created.id, created.status) == ("a1", status)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", [b"", b" \n"])
def test_create_assignment_without_a_body_names_no_record(status, body):
    with client(server_with(status, content=body)) as api:
        created = api.create_assignment("u1", NEW)

    assert (created.id, created.status) == (None, status)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_create_assignment_does_not_follow_a_redirect(status):
    server = server_with(status, json={"data": {"id": "a1"}}, headers={"location": "/elsewhere"})

    with client(server) as api, pytest.raises(OutcomeUnknown) as raised:
        api.create_assignment("u1", NEW)

    assert raised.value.status == status


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"statusCode": 400, "message": "The date is wrong."}, "The date is wrong."),
        (
            {"statusCode": "502", "data": {"id": "a1"}},
            "StackOne responded 200 OK without a reason.",
        ),
        (
            {"data": {"id": "a1"}, "provider_errors": [{"message": "Not enrolled."}]},
            "Not enrolled.",
        ),
        ({"error": "Nobody has it.", "data": {}}, "Nobody has it."),
    ],
)
def test_a_success_that_reports_an_error_is_a_contradiction(body, reason):
    with client(server_with(200, json=body)) as api, pytest.raises(Contradiction) as raised:
        api.create_assignment("u1", NEW)

    assert raised.value.message == f"The response 200 reports an error: {reason}"


@pytest.mark.parametrize(
    ("problem", "kind", "message"),
    [
        pytest.param(
            httpx.ConnectError("refused"),
            NotSent,
            "StackOne could not be reached: refused.",
            id="refused",
        ),
        pytest.param(
            httpx.ConnectTimeout(""),
            NotSent,
            "StackOne could not be reached: ConnectTimeout.",
            id="no connection in time",
        ),
        pytest.param(
            httpx.PoolTimeout("busy"),
            NotSent,
            "StackOne could not be reached: busy.",
            id="the connection is in use",
        ),
        pytest.param(
            httpx.ProxyError("403 Forbidden"),
            NotSent,
            "StackOne could not be reached: 403 Forbidden.",
            id="the proxy says no",
        ),
        pytest.param(
            httpx.ReadTimeout("slow"),
            OutcomeUnknown,
            "StackOne did not respond in time.",
            id="no answer in time",
        ),
        pytest.param(
            httpx.WriteTimeout("slow"),
            OutcomeUnknown,
            "StackOne did not respond in time.",
            id="not taken in time",
        ),
        pytest.param(
            httpx.ReadError("reset"),
            OutcomeUnknown,
            "The connection broke before the response was complete: reset.",
            id="reset",
        ),
        pytest.param(
            httpx.WriteError("broken pipe"),
            OutcomeUnknown,
            "The connection broke before the response was complete: broken pipe.",
            id="reset while sending",
        ),
        pytest.param(
            httpx.RemoteProtocolError("gone"),
            OutcomeUnknown,
            "The connection broke before the response was complete: gone.",
            id="no HTTP",
        ),
    ],
)
def test_every_network_error_says_whether_the_request_was_sent(problem, kind, message):
    def fail(_: httpx.Request) -> httpx.Response:
        raise problem

    with client(fail) as api, pytest.raises(StackOneError) as raised:
        api.create_assignment("u1", NEW)

    assert type(raised.value) is kind
    assert vars(raised.value) == {
        "message": message,
        "status": None,
        "field": "",
        "is_from_provider": False,
        "response": {},
    }
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_a_response_that_cannot_be_decompressed_is_unknown():
    server = server_with(201, stream=httpx.ByteStream(b"no"), headers={"content-encoding": "gzip"})

    with client(server) as api, pytest.raises(OutcomeUnknown, match="cannot be decoded"):
        api.create_assignment("u1", NEW)


def test_a_response_that_is_too_large_is_unknown(monkeypatch):
    monkeypatch.setattr(http_exchange, "MAX_RESPONSE_BYTES", 1000)

    with (
        client(server_with(201, content=b"x" * 1001)) as api,
        pytest.raises(OutcomeUnknown, match="it is larger than 1,000 bytes"),
    ):
        api.create_assignment("u1", NEW)


@pytest.mark.parametrize("user_id", ["", ".", "..", "\ud800"], ids=ascii)
def test_an_id_that_no_url_can_contain_is_refused_before_sending(user_id):
    with client(lambda _: pytest.fail("it was sent")) as api:
        for call in (
            lambda: api.create_assignment(user_id, NEW),
            lambda: api.user(user_id),
            lambda: list(api.user_assignment_pages(user_id)),
        ):
            with pytest.raises(Refused, match="cannot be part of a URL"):
                call()


def test_an_id_that_is_too_long_is_refused_before_sending():
    with (
        client(lambda _: pytest.fail("it was sent")) as api,
        pytest.raises(Refused, match="its URL would be too long"),
    ):
        api.create_assignment("x" * 70_000, NEW)


def test_an_encoded_path_segment_stays_one_segment():
    assert encode_path_segment("a/../b?c#d%e.f") == "a%2F..%2Fb%3Fc%23d%25e.f"


def test_before_request_is_called_before_every_request():
    calls = []

    def serve(_: httpx.Request) -> httpx.Response:
        calls.append("request")
        return httpx.Response(200, json={"data": [], "next": len(calls) if len(calls) < 4 else ""})

    with client(serve, before_request=lambda: calls.append("before")) as api:
        pages = list(api.user_pages())

    assert calls == ["before", "request"] * 2
    assert pages == [Page((), "2"), Page((), None)]


def test_user_is_returned():
    server, requests = server_with_bodies({"data": {"id": "u 1", "name": "Aoife"}})

    with client(server, base_url=f"{BASE}/behind/") as api:
        user = api.user("u 1")

    assert (user.id, user.name) == ("u 1", "Aoife")
    assert str(requests[0].url) == f"{BASE}/behind/unified/lms/users/u%201"


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": ["u1"]}], ids=str)
def test_user_with_an_unreadable_response(body):
    with client(server_with(json=body)) as api, pytest.raises(OutcomeUnknown):
        api.user("u1")


def test_last_date_is_that_of_the_latest_response():
    with client(server_with(404, headers={"date": "Mon, 23 Nov 2026 12:00:00 GMT"})) as api:
        assert api.last_date == ""
        with pytest.raises(Refused):
            api.user("u1")
        assert api.last_date == "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("walk", "path"),
    [
        ("user_pages", "/unified/lms/users"),
        ("content_pages", "/unified/lms/content"),
        ("course_pages", "/unified/lms/courses"),
        ("assignment_pages", "/unified/lms/assignments"),
    ],
)
def test_a_list_is_read_to_its_end(walk, path):
    long = "c" * 400
    server, requests = server_with_bodies(
        {"data": [{"id": "1"}, None, {"id": 2}], "next": long},
        {"data": [], "next": "d", "unknown": 1},
        {"data": [{"id": "2"}], "next": None},
    )

    with client(server) as api:
        pages = list(getattr(api, walk)(updated_after=SINCE))

    since = {"page_size": "100", "filter[updated_after]": "2026-11-23T12:00:00.000Z"}
    assert [[item.id for item in page.items] for page in pages] == [["1", "2"], [], ["2"]]
    assert [page.next for page in pages] == [long, "d", None]
    assert {request.url.path for request in requests} == {path}
    assert [dict(request.url.params) for request in requests] == [
        since,
        since | {"next": long},
        since | {"next": "d"},
    ]


def test_a_list_is_read_from_a_stored_cursor():
    server, requests = server_with_bodies({"data": []})

    with client(server) as api:
        assert list(api.user_pages(position=paging.Pagination("stored+/="))) == [Page((), None)]

    assert dict(requests[0].url.params) == {"page_size": "100", "next": "stored+/="}


def test_the_assignments_of_a_user_are_read():
    server, requests = server_with_bodies({"data": [{"id": "a1"}]})

    with client(server) as api:
        ((assignment,),) = [page.items for page in api.user_assignment_pages("u/1")]

    assert assignment.id == "a1"
    assert requests[0].url.raw_path == b"/unified/lms/users/u%2F1/assignments?page_size=100"


@pytest.mark.parametrize(
    "repeated",
    [
        pytest.param({"data": [{"id": "1"}, {"id": "2"}], "next": "new"}, id="the same page"),
        pytest.param({"data": [{"id": "2"}], "next": "new"}, id="a part of it"),
        pytest.param({"data": [], "next": "one"}, id="the same cursor"),
    ],
)
def test_a_list_that_does_not_advance_is_an_error(repeated):
    server, _ = server_with_bodies({"data": [{"id": "1"}, {"id": "2"}], "next": "one"}, repeated)

    with client(server) as api:
        pages = api.user_pages()
        assert next(pages).next == "one"
        with pytest.raises(OutcomeUnknown, match="The list does not advance"):
            next(pages)


def test_a_list_that_repeats_after_an_empty_page_is_an_error():
    first = {"data": [{"id": "1"}], "next": "a"}
    server, _ = server_with_bodies(first, {"data": [], "next": "b"}, first | {"next": "c"})

    with client(server) as api, pytest.raises(OutcomeUnknown, match="The list does not advance"):
        list(api.user_pages())


def test_a_list_without_end_is_an_error():
    numbers = iter(range(100))

    def fetch(_: str | None) -> Page[User]:
        number = str(next(numbers))
        return Page((User.from_json({"id": number}),), number)

    pages = paging.iterate_pages(fetch, paging.Pagination(max_pages=5))

    with pytest.raises(OutcomeUnknown, match="The list does not end: 5 pages were read"):
        list(pages)
    assert next(numbers) == 5


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[]", id="a bare list"),
        pytest.param("{}", id="nothing"),
        pytest.param('{"data": null}', id="no list"),
        pytest.param('{"data": {}}', id="an object"),
        pytest.param('{"data": [], "next": {}}', id="a cursor of objects"),
        pytest.param("<html>", id="no JSON"),
    ],
)
def test_an_unreadable_list_is_not_an_empty_one(body):
    with client(server_with(text=body)) as api, pytest.raises(OutcomeUnknown) as raised:
        list(api.user_pages())

    assert raised.value.message == "StackOne responded 200, but its response cannot be read."


def account(number: int) -> LinkedAccount:
    """Return the account that the API returns as `{"id": number}`."""
    return LinkedAccount(str(number), "", "", "", None)


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        pytest.param([[{"id": 1}], []], [1], id="a bare list"),
        pytest.param([{"data": [{"id": 1}]}, {"data": []}], [1], id="wrapped"),
        pytest.param([[{"id": 1}, {"id": 2}], [{"id": 3}, {"id": 2}], []], [1, 2, 3], id="pages"),
        pytest.param([[{"id": 1}], [{"id": 1}]], [1], id="pages that are all the same"),
        pytest.param([[{"provider": "x"}, None], []], [], id="without an id"),
        pytest.param([[]], [], id="none"),
    ],
)
def test_accounts_of_all_pages_are_returned(bodies, expected):
    server, requests = server_with_bodies(*bodies)

    with client(server) as api:
        assert api.accounts() == tuple(map(account, expected))

    assert {request.url.path for request in requests} == {"/accounts"}
    assert not any("x-account-id" in request.headers for request in requests)
    assert [dict(request.url.params) for request in requests] == [
        {"page": str(number + 1), "page_size": "100"} for number in range(len(requests))
    ]


def test_accounts_stop_after_the_page_limit(monkeypatch):
    monkeypatch.setattr(client_module, "MAX_ACCOUNT_PAGES", 3)
    server, _ = server_with_bodies(*([{"id": number}] for number in range(9)))

    with client(server) as api:
        assert api.accounts() == (account(0), account(1), account(2))


@pytest.mark.parametrize("body", ["{}", '"x"', '{"data": {}}'])
def test_accounts_with_an_unreadable_response(body):
    with client(server_with(text=body)) as api, pytest.raises(OutcomeUnknown):
        api.accounts()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.stackone.com", "https://api.stackone.com"),
        ("HTTPS://API.StackOne.com", "HTTPS://API.StackOne.com"),
        ("https://lms_mock.internal", "https://lms_mock.internal"),
        ("https://api.stackone.com:8443/eu/", "https://api.stackone.com:8443/eu"),
        ("http://127.0.0.1:9100/", "http://127.0.0.1:9100"),
        ("http://127.8.8.8", "http://127.8.8.8"),
        ("http://[::1]:9100", "http://[::1]:9100"),
        ("http://localhost:9100", "http://localhost:9100"),
    ],
)
def test_base_url_is_accepted(url, expected):
    assert validate_base_url(url) == expected


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://api.stackone.com", "Start the base URL with https://"),
        ("http://10.0.0.1", "Start the base URL with https://"),
        ("http://127.0.0.1.example", "Start the base URL with https://"),
        ("http://127.1", "Start the base URL with https://"),
        ("https://user:word@api.stackone.com", "Remove the user name and password"),
        ("http://127.0.0.1@evil.example", "Remove the user name and password"),
        ("https://api.stackone.com?x=1", "Remove everything from the first"),
        ("https://api.stackone.com/#x", "Remove everything from the first"),
        ("https://api.stackone.com?", "Remove everything from the first"),
        ("https://api.stackone.com\\@evil.example", "Write the base URL without spaces"),
        ("https://api.stackone.com\t", "Write the base URL without spaces"),
        ("https://bücher.example", "Write the base URL without spaces"),
        ("https://api.stackone.com:port", "Write the base URL with a valid host and port"),
        ("https://api.stackone.com:99999", "Write the base URL with a valid host and port"),
        ("https://[::1", "Write the base URL with a valid host and port"),
        ("ftp://api.stackone.com", "Write the base URL as"),
        ("api.stackone.com", "Write the base URL as"),
        ("https://", "Write the base URL as"),
        ("https://a..b", "Write the base URL as"),
        ("https://-a-", "Write the base URL as"),
        (f"https://{'a' * 64}.example", "Write the base URL as"),
        ("", "Write the base URL without spaces"),
    ],
)
def test_base_url_is_refused(url, sentence):
    with pytest.raises(ValueError, match=sentence) as raised:
        StackOne(base_url=url, api_key="key", account_id="acc")

    assert "word" not in str(raised.value).replace("password", "")


@pytest.mark.parametrize("account_id", ["", "a\nb", "a b", "ä"], ids=ascii)
def test_account_id_is_refused(account_id):
    with pytest.raises(ValueError, match="Write the account id"):
        StackOne(base_url=BASE, api_key="key", account_id=account_id)


def test_user_agent_names_the_version():
    project = Path(__file__).parent.parent / "pyproject.toml"
    version = tomllib.loads(project.read_text())["project"]["version"]

    assert f"AssignmentDesk/{version} (+StackOne Unified LMS client)" == http_exchange.USER_AGENT
