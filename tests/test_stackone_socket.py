"""The client against the real sandbox, and against servers that misbehave on a bare socket."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from assignments.stackone import transport
from assignments.stackone.api import AsyncStackOne
from assignments.stackone.client import StackOne
from assignments.stackone.errors import (
    AccountUnusable,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.paging import Pagination
from assignments.stackone.resources import NewAssignment
from assignments.tls import shared_tls_context
from tests.sandbox_process import Sandbox, running_sandbox
from tests.waiting import HANG_SECONDS

CREATE = "POST /unified/lms/users/{id}/assignments"
DUE = datetime(2027, 1, 15, 23, 59, 59, tzinfo=UTC)
NEW = NewAssignment("NWL-1001", "", DUE, "in_progress", 40, DUE)
# Long enough to connect and send on a slow machine.
SHORT_SECONDS = 2
# Faults after which no response comes.
SILENT = {"hang", "timeout-after"}
CREATED = b"HTTP/1.1 201 Created\r\n"
CHUNKED = CREATED + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with running_sandbox(learners=230, content=40) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    running.set_faults()
    return running


def client(base_url: str, **options: object) -> StackOne:
    """Return a client of the sandbox's account."""
    account = {"api_key": "sandbox", "account_id": "sandbox"}
    values = {**account, "timeout_seconds": HANG_SECONDS, **options}
    return StackOne(base_url=base_url, **values)  # type: ignore[arg-type]


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[StackOne]:
    with client(sandbox.base_url) as api:
        yield api


@pytest.fixture
def user_id(api: StackOne) -> str:
    first = next(api.user_pages()).items[0]
    assert first.id is not None
    return first.id


def test_a_created_assignment_can_be_read_back(api, sandbox, user_id):
    before = {
        assignment.id for page in api.user_assignment_pages(user_id) for assignment in page.items
    }

    created = api.create_assignment(user_id, NEW)

    (assignment,) = [
        assignment
        for page in api.user_assignment_pages(user_id)
        for assignment in page.items
        if assignment.id not in before
    ]
    assert (assignment.id, assignment.remote_id) == (created.id, created.remote_id)
    assert (assignment.user_id, assignment.learning_object_external_reference) == (
        user_id,
        "NWL-1001",
    )
    assert (assignment.status, assignment.progress, assignment.due_at) == ("in_progress", 40, DUE)
    assert sandbox.stats()["assignments"] == 1


@pytest.mark.parametrize("contract", ["2025-02", "2025-12"])
def test_both_contracts_are_accepted(sandbox, user_id, contract):
    with client(sandbox.base_url, contract=contract) as api:
        assert api.create_assignment(user_id, NEW).id


def test_an_unknown_status_style_is_refused_with_the_field(sandbox, user_id):
    with client(sandbox.base_url, status_style="hyphen") as api, pytest.raises(Refused) as raised:
        api.create_assignment(user_id, NEW)

    assert (raised.value.status, raised.value.field) == (400, "status.value")


@pytest.mark.parametrize(
    ("fault", "kind", "status", "posts", "created"),
    [
        ("429", RateLimited, 429, {"429": 1}, 0),
        ("500", OutcomeUnknown, 500, {"500": 1}, 0),
        ("502", OutcomeUnknown, 502, {"502": 1}, 0),
        ("408", OutcomeUnknown, 408, {"408": 1}, 0),
        ("hang", OutcomeUnknown, None, {"silence": 1}, 0),
        ("reset-before", OutcomeUnknown, None, {"dropped": 1}, 0),
        ("reset-after", OutcomeUnknown, None, {"dropped": 1}, 1),
        ("timeout-after", OutcomeUnknown, None, {"silence": 1}, 1),
        ("malformed", OutcomeUnknown, 201, {"201": 1}, 1),
        ("wrong-type", OutcomeUnknown, 201, {"201": 1}, 1),
    ],
)
def test_a_fault_raises_its_error_and_nothing_is_sent_twice(
    sandbox, user_id, fault, kind, status, posts, created
):
    sandbox.set_faults(script=[fault])

    timeout_seconds = SHORT_SECONDS if fault in SILENT else HANG_SECONDS

    with client(sandbox.base_url, timeout_seconds=timeout_seconds) as api:
        with pytest.raises(StackOneError) as raised:
            api.create_assignment(user_id, NEW)

        assert (type(raised.value), raised.value.status) == (kind, status)
        assert getattr(raised.value, "retry_after", 1) == 1
        stats = sandbox.stats()
        assert (stats["requests"][CREATE], stats["assignments"]) == (posts, created)
        assert api.create_assignment(user_id, NEW).id


@pytest.mark.parametrize(
    ("options", "kind", "status"),
    [
        pytest.param({"api_key": "wrong"}, AccountUnusable, 401, id="key"),
        pytest.param({"account_id": "wrong"}, AccountUnusable, 404, id="account"),
    ],
)
def test_a_refused_key_or_account(sandbox, user_id, options, kind, status):
    with client(sandbox.base_url, **options) as api, pytest.raises(AccountUnusable) as raised:
        api.create_assignment(user_id, NEW)

    assert (type(raised.value), raised.value.status) == (kind, status)


def test_an_unknown_learner_is_refused_without_refusing_the_account(api):
    with pytest.raises(Refused) as raised:
        api.create_assignment("nobody? here", NEW)

    assert (type(raised.value), raised.value.message) == (Refused, "User not found")


def test_lists_are_complete(api):
    users = [user for page in api.user_pages() for user in page.items]
    content = [item for page in api.content_pages() for item in page.items]
    courses = [item for page in api.course_pages() for item in page.items]
    (account,) = api.accounts()

    assert len({user.id for user in users}) == len(users)
    assert sum(user.is_active is True for user in users) == 230
    assert all(user.name and user.updated_at for user in users)
    assert len({item.id for item in content}) == len(content) == 40
    assert {item.kind for item in content} <= {"video", "quiz", "document", "audio", "article"}
    assert {item.kind for item in courses} == {"course"}
    assert api.user(str(users[7].id)) == users[7]
    assert (account.id, account.status, account.is_lms) == ("sandbox", "active", True)
    assert abs(parsedate_to_datetime(api.last_date) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_list_continues_from_its_cursor(api):
    whole = list(api.user_pages())

    rest = list(api.user_pages(position=Pagination(whole[0].next)))

    assert [page.items for page in rest] == [page.items for page in whole[1:]]


def test_updated_after_lists_only_later_changes(api):
    assert [page.items for page in api.user_pages(updated_after=datetime.now(UTC))] == [()]


def test_one_connection_is_reused(sandbox, user_id):
    before = sandbox.stats()["connections"]

    with client(sandbox.base_url) as api:
        for _ in range(5):
            api.create_assignment(user_id, NEW)
        with pytest.raises(Refused):
            api.create_assignment("nobody", NEW)
        list(api.user_assignment_pages(user_id))

    assert sandbox.stats()["connections"] - before == 1


def test_odd_forms_are_parsed():
    with running_sandbox(learners=20, odd_forms=True) as odd, client(odd.base_url) as api:
        user = next(api.user_pages()).items[0]
        created = api.create_assignment(str(user.id), NEW)
        assignments = [
            item for page in api.user_assignment_pages(str(user.id)) for item in page.items
        ]

    assert (user.is_active, created.id, created.remote_id) == (True, None, None)
    assert ("in_progress", 40.0) in {(item.status, item.progress) for item in assignments}


def test_a_refused_connection_means_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    with client(f"http://127.0.0.1:{port}") as api, pytest.raises(NotSent) as raised:
        api.create_assignment("u1", NEW)

    assert type(raised.value) is NotSent
    assert "Connection refused" in raised.value.message


def test_a_host_without_an_address_means_not_sent(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with client("https://lms.invalid") as api, pytest.raises(NotSent, match="not known"):
        api.create_assignment("u1", NEW)


@contextmanager
def serving(respond: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer each connection on a bare socket, after its request was read."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65536)
                    respond(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(HANG_SECONDS)


def drip(start: bytes, drop: bytes, pause: float = 0.02) -> Callable[[socket.socket], None]:
    """Return a server that never stops answering, a little at a time."""

    def respond(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(drop)
            time.sleep(pause)

    return respond


@pytest.mark.parametrize(
    ("respond", "status"),
    [
        pytest.param(drip(CREATED + b"Content-Length: 9000\r\n\r\n", b" "), 201, id="body"),
        pytest.param(drip(CREATED, b"x: y\r\n"), 201, id="headers"),
        pytest.param(drip(b"", b"HTTP/1.1 102 Promise\r\n\r\n"), None, id="promise after promise"),
        pytest.param(drip(CHUNKED, b"1\r\n\n\r\n"), 201, id="heartbeats"),
    ],
)
def test_a_response_that_drips_times_out(respond, status):
    with serving(respond) as url, client(url, timeout_seconds=SHORT_SECONDS) as api:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="did not respond in time") as raised:
            api.create_assignment("u1", NEW)

        assert raised.value.status == status
        # The body would take three minutes, the others have no end.
        assert SHORT_SECONDS <= time.monotonic() - began < HANG_SECONDS


@pytest.mark.parametrize(
    ("respond", "status"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", None, id="another protocol"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", None, id="a promise"),
        pytest.param(b"HTTP/1.1 101 Upgrade\r\nUpgrade: h2c\r\n\r\n", None, id="an upgrade"),
        pytest.param(b"HTTP/1.1 20", None, id="half a status"),
        pytest.param(b"HTTP/1.1 201 Cre", 201, id="half a line"),
        pytest.param(CREATED + b"Content-Le", 201, id="half a header"),
        pytest.param(CREATED + b"Content-Length: 50\r\n\r\n{", 201, id="half an answer"),
        pytest.param(CHUNKED + b"1\r\n{\r\n", 201, id="one chunk"),
        pytest.param(CREATED + 2 * b"Content-Length: 0\r\n", 201, id="two lengths"),
    ],
)
def test_a_connection_that_ends_early_is_unknown_but_for_its_status(respond, status):
    with (
        serving(lambda connection: connection.sendall(respond)) as url,
        client(url) as api,
        pytest.raises(OutcomeUnknown, match="The connection broke") as raised,
    ):
        api.create_assignment("u1", NEW)

    assert raised.value.status == status


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (401, AccountUnusable), (429, RateLimited)]
)
def test_a_refusal_counts_although_its_body_does_not_arrive(status, kind):
    half = b'HTTP/1.1 %d No\r\nRetry-After: 7\r\nContent-Length: 50\r\n\r\n{"mess' % status
    with (
        serving(lambda connection: connection.sendall(half)) as url,
        client(url) as api,
        pytest.raises(kind) as raised,
    ):
        api.create_assignment("u1", NEW)

    assert (type(raised.value), raised.value.status) == (kind, status)
    assert getattr(raised.value, "retry_after", 7) == 7


def test_a_server_without_tls_means_not_sent():
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with (
        serving(greet) as url,
        client(url.replace("http:", "https:")) as api,
        pytest.raises(NotSent, match="could not be reached"),
    ):
        api.create_assignment("u1", NEW)


def test_a_tls_handshake_that_hangs_means_not_sent():
    def hold(connection: socket.socket) -> None:
        connection.recv(65536)

    with serving(hold) as url:
        secure = url.replace("http:", "https:")
        # Connecting may take half of it; a busy machine must not miss both limits at once.
        with client(secure, timeout_seconds=4) as api, pytest.raises(NotSent):
            api.create_assignment("u1", NEW)


def test_a_proxy_of_the_environment_is_used_and_its_refusal_means_not_sent(monkeypatch):
    requests: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        requests.append(b"refused")
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "elsewhere.example")
        with client("https://lms.example") as api, pytest.raises(NotSent, match="403 Forbidden"):
            api.create_assignment("u1", NEW)

    assert requests == [b"refused"]


def test_loopback_is_reached_without_a_proxy(monkeypatch, sandbox, user_id):
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    with client(sandbox.base_url) as api:
        assert api.user(user_id).id == user_id


def test_a_redirect_is_not_followed():
    respond = (
        b"HTTP/1.1 307 Temporary\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    )

    with (
        serving(lambda connection: connection.sendall(respond)) as url,
        client(url) as api,
        pytest.raises(OutcomeUnknown, match="307, a redirect that is not followed"),
    ):
        api.create_assignment("u1", NEW)


def test_all_clients_share_one_tls_context():
    context = shared_tls_context()

    assert shared_tls_context() is context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert httpx.create_ssl_context() is not context


def test_a_body_that_ends_with_the_connection_is_complete():
    respond = b'HTTP/1.1 201 Created\r\n\r\n{"data": {"id": "a1"}}'

    with serving(lambda connection: connection.sendall(respond)) as url, client(url) as api:
        assert api.create_assignment("u1", NEW).id == "a1"


@pytest.mark.parametrize(
    ("start", "part", "status"),
    [
        pytest.param(CREATED + b"Content-Length: 99000000\r\n\r\n", b" " * 9_999, 201, id="body"),
        pytest.param(CREATED, b"x: %s\r\n" % (b"y" * 9_999), 201, id="headers"),
        pytest.param(CREATED + b"x: ", b"y" * 9_999, 201, id="header"),
        pytest.param(CHUNKED, b"1\r\n\n\r\n" * 999, 201, id="heartbeats"),
        pytest.param(b"", b"HTTP/1.1 102 Promise\r\n\r\n" * 999, None, id="promises"),
    ],
)
def test_a_response_that_is_too_long_is_unknown(start, part, status):
    def pour(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(part)

    with (
        serving(pour) as url,
        client(url, timeout_seconds=60) as api,
        pytest.raises(OutcomeUnknown, match="too long") as raised,
    ):
        api.create_assignment("u1", NEW)

    assert raised.value.status == status


BOMB = gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize(
    ("encoding", "body", "problem"),
    [
        pytest.param(b"gzip", BOMB, "larger than 10,000,000 bytes", id="gzip"),
        pytest.param(b"gzip, gzip", gzip.compress(BOMB), "encoded as gzip, gzip", id="gzip twice"),
        pytest.param(b"br", b"\x0b", "encoded as br", id="not asked for"),
        pytest.param(b"gzip", b"{}", "cannot be decoded", id="not gzip"),
    ],
)
def test_a_compressed_response_cannot_expand_without_limit(encoding, body, problem):
    head = CREATED + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))

    with (
        serving(lambda connection: connection.sendall(head + body)) as url,
        client(url) as api,
        pytest.raises(OutcomeUnknown, match=problem) as raised,
    ):
        api.create_assignment("u1", NEW)

    assert raised.value.status == 201


def test_an_unrequested_response_is_never_taken_for_the_next():
    template = b'HTTP/1.1 201 Created\r\nContent-Length: 22\r\n\r\n{"data": {"id": "a%d"}}'
    seen: list[int] = []

    def respond(connection: socket.socket) -> None:
        seen.append(len(seen))
        connection.sendall(template % (2 * seen[-1]) + template % (2 * seen[-1] + 1))

    with serving(respond) as url, client(url) as api:
        ids = [api.create_assignment("u1", NEW).id for _ in range(3)]

    assert ids == ["a0", "a2", "a4"]


def test_concurrent_calls_have_a_connection_each_and_reuse_it(sandbox, user_id):
    before = sandbox.stats()["connections"]

    async def create(api: AsyncStackOne, times: int) -> list[str | None]:
        return [(await api.create_assignment(user_id, NEW)).id for _ in range(times)]

    async def run() -> list[list[str | None]]:
        values = {"base_url": sandbox.base_url, "api_key": "sandbox", "account_id": "sandbox"}
        async with AsyncStackOne(**values) as api:
            return await asyncio.gather(*(create(api, 10) for _ in range(30)))

    made = {identifier for group in asyncio.run(run()) for identifier in group}

    assert len(made) == 300
    assert sandbox.stats()["connections"] - before <= 30


def test_a_connection_that_was_idle_too_long_is_not_reused(sandbox, user_id, monkeypatch):
    monkeypatch.setattr(transport, "IDLE_SECONDS", 0.01)
    before = sandbox.stats()["connections"]

    with client(sandbox.base_url) as api:
        for _ in range(2):
            api.create_assignment(user_id, NEW)
            time.sleep(0.02)

    assert sandbox.stats()["connections"] - before == 2
