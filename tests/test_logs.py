"""Log lines: format, request id and redaction."""

import json
import logging
import sys
import time
import uuid

import pytest
from django.urls import reverse

from assignments import tasks, trace
from assignments.audit.verification import jobs
from assignments.models import LogEntry
from assignments.services.syncing import sync_request
from dashboard import logs, redaction
from dashboard.access import errors
from tests.factories import make_user
from tests.log_fixtures import write_log

SENT_ID = "7e0dba3c5a0e4a439d4c1d9f4f0c5b11"
ID = str(uuid.UUID(SENT_ID))


def record(message="Done", level=logging.INFO, **extra):
    made = logging.makeLogRecord(
        {"name": "desk", "levelno": level, "levelname": logging.getLevelName(level), "msg": message}
        | extra
    )
    logs.RequestIdFilter().filter(made)
    return made


def test_json_line_has_the_fields_that_a_collector_needs():
    with trace.bind_request_id(ID):
        line = json.loads(logs.JsonFormatter().format(record(batch="batch/3", created=0.5)))

    assert line == {
        "at": "1970-01-01T00:00:00.500+00:00",
        "level": "INFO",
        "logger": "desk",
        "message": "Done",
        "request_id": ID,
        "batch": "batch/3",
    }


def test_json_line_has_a_traceback_and_no_empty_request_id():
    try:
        int("it broke")
    except ValueError:
        line = logs.JsonFormatter().format(record(level=logging.ERROR, exc_info=sys.exc_info()))

    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line)["trace"]
    assert "request_id" not in json.loads(line)


def test_a_record_may_have_its_own_request_id():
    with trace.bind_request_id("another"):
        line = json.loads(logs.JsonFormatter().format(record(request_id=ID)))

    assert line["request_id"] == ID


def test_text_line_escapes_control_characters():
    with trace.bind_request_id(ID):
        line = logs.TextFormatter().format(record("/nope\r\n2026 ERROR desk: forged \x1b[2K"))

    assert line.endswith("INFO desk: /nope\\r\\n2026 ERROR desk: forged \\x1b[2K [7E0DBA3C]")


@pytest.mark.parametrize("form", [logs.JsonFormatter, logs.TextFormatter])
def test_lines_contain_no_secret_and_no_e_mail_address(form, settings):
    settings.SECRET_TEXTS = redaction.texts_to_redact(
        ['quote"d-signing-key', "postgres://desk:pa%24%24-word-1@db/desk"]
    )
    made = record(
        'quote"d-signing-key cXVvdGUiZC1zaWduaW5nLWtleTo= pa$$-word-1 pa%24%24-word-1 '
        "postgres://desk:pa%24%24-word-1@db/desk elif.yilmaz+x@northwind.example"
    )

    line = form().format(made)

    assert line.count("[hidden]") == 5
    assert "[e-mail]" in line
    assert [part for part in ("signing", "word-1", "cXVv", "elif") if part in line] == []


def test_urls_without_a_password_and_short_secrets_are_not_redacted():
    assert redaction.texts_to_redact(["redis://127.0.0.1:6379/0", "sandbox"]) == ()


def test_the_key_of_a_sentry_dsn_is_redacted():
    output = redaction.redact(
        "it is 0123456789abcdef",
        redaction.texts_to_redact(["https://0123456789abcdef@sentry.example/1"]),
    )

    assert output == "it is [hidden]"


def test_text_format_omits_single_requests_and_calls():
    assert logs.logging_configuration("text")["loggers"]["dashboard.requests"]["level"] == "WARNING"
    assert "dashboard.requests" not in logs.logging_configuration("json")["loggers"]


@pytest.fixture
def lines(caplog):
    """Return a function for the logged records as parsed JSON lines."""
    caplog.set_level(logging.INFO, "dashboard.requests")
    caplog.set_level(logging.INFO, "assignments.calls")
    caplog.handler.addFilter(logs.RequestIdFilter())
    return lambda: [
        json.loads(logs.JsonFormatter().format(log_record)) for log_record in caplog.records
    ]


@pytest.mark.django_db
def test_a_request_has_one_line_with_the_id_of_its_response(client, lines):
    response = client.get("/login/?next=/people/%3Fq%3DElif")

    (line,) = lines()
    assert line["request_id"] == response["X-Request-ID"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/login/", 200)
    assert "Elif" not in json.dumps(line)


@pytest.mark.django_db
def test_health_checks_are_not_logged(client, lines):
    client.get("/healthz")

    assert lines() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "header_value", "is_taken"),
    [
        pytest.param("X-Request-ID", SENT_ID, True, id="from the proxy"),
        pytest.param("X-Request-ID", "x\u2028y" * 9, False, id="not an id"),
        pytest.param("X-Request-ID", "", False, id="none"),
        pytest.param("", SENT_ID, False, id="nobody is trusted"),
    ],
)
def test_the_request_id_comes_from_a_trusted_header_or_is_generated(
    client, settings, header, header_value, is_taken
):
    settings.REQUEST_ID_HEADER = header

    response = client.get("/login/", headers={"X-Request-ID": header_value})

    assert (response["X-Request-ID"] == ID) is is_taken
    assert uuid.UUID(response["X-Request-ID"])


@pytest.mark.django_db
def test_error_pages_show_the_request_id(client, rf):
    client.force_login(make_user("auditor"))
    output = [client.get("/nope/"), client.get(reverse("assign-recover", args=[uuid.uuid4()]))]
    request = rf.get("/")
    request.request_id = ID
    pages = [errors.server_error(request), errors.bad_request(request)]

    for response in output:
        reference = response["X-Request-ID"][:8].upper()
        assert f"Reference <code>{reference}</code>" in response.content.decode()
    for page in pages:
        assert "Reference <code>7E0DBA3C</code>" in page.content.decode()


@pytest.mark.django_db
def test_calls_and_entries_have_the_id_of_their_request(desk, lines):
    batch = desk.submit(people=2)
    desk.lms.set_faults({}, script=["500"])

    desk.deliver()

    calls = [line for line in lines() if line["logger"] == "assignments.calls"]
    assert {line["request_id"] for line in calls} == {desk.by.request_id}
    assert {(line["batch"], line["attempt"]) for line in calls} == {(batch.ref, 1)}
    assert {(line["outcome"], line["status"]) for line in calls} == {
        ("created", 201),
        ("unknown", 500),
    }
    assert all(0 < line["ms"] < 5_000 for line in calls)


@pytest.mark.django_db(transaction=True)
def test_a_sync_by_a_worker_has_the_id_of_its_request(desk):
    desk.clock.skip(hours=1)
    run = sync_request.request_sync(account=desk.account, by=desk.by, now=desk.clock())

    tasks.sync.func(run.pk)

    entry = LogEntry.objects.get(action="sync.completed", subject=f"sync/{run.pk}")
    assert (entry.actor, entry.request_id) == ("system", desk.by.request_id)
    assert trace.request_id() == ""


@pytest.mark.django_db(transaction=True)
def test_a_verification_by_a_worker_has_the_id_of_its_request(client, monkeypatch, settings):
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
    monkeypatch.setattr(jobs, "MAX_IN_REQUEST", 1)
    write_log(3)
    client.force_login(make_user("auditor"))

    response = client.post(reverse("verify"))

    entry = LogEntry.objects.get(action="log.verified")
    assert entry.request_id == response["X-Request-ID"]


def test_redaction_takes_time_in_proportion_to_the_length_of_an_address():
    def seconds(length):
        line = f"GET /{'a' * length}@{'b.' * 10}x 404"
        started = time.thread_time()
        assert "@" not in redaction.redact(line, [])
        return time.thread_time() - started

    assert seconds(1_000_000) < 2
