"""Error reports to Sentry: their content, redaction, and invalid configuration."""

import json
import logging
import sys
from typing import Any

import pytest
import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.transport import Transport

from assignments import trace
from dashboard.access import views
from dashboard.sentry import start_reporting

DSN = "https://0123456789abcdef0123456789abcdef@sentry.example/7"
KEY = "a-key-that-nobody-may-see"


class Kept(Transport):
    """Keeps reports instead of sending them."""

    def __init__(self) -> None:
        super().__init__({})
        self.reports: list[dict[str, Any]] = []

    def capture_envelope(self, envelope) -> None:
        event = envelope.get_event()
        if event is not None:
            self.reports.append(event)


@pytest.fixture
def sentry():
    """Return the transport of an initialised Sentry SDK, and stop it afterwards."""
    kept = Kept()
    start_reporting(DSN, secrets=(KEY,), transport=kept)
    yield kept
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.django_db
def test_a_report_has_place_and_error_but_no_person(client, sentry, monkeypatch):
    def broken(*_):
        person = "elif.yilmaz@northwind.example"
        raise RuntimeError(f"No room for {person} with {KEY}")

    monkeypatch.setattr(views, "render", broken)
    client.raise_request_exception = False
    client.cookies["sessionid"] = "the-session-cookie"

    response = client.get(
        "/login/?next=/people/%3Fq%3DElif",
        headers={"Authorization": "Basic aGVsbG8=", "X-Note": "Elif Yilmaz"},
    )

    (report,) = sentry.reports
    (problem,) = report["exception"]["values"]
    assert response.status_code == 500
    assert (problem["type"], problem["value"]) == (
        "RuntimeError",
        "No room for [e-mail] with [hidden]",
    )
    assert problem["stacktrace"]["frames"][-1]["function"] == "broken"
    assert report["tags"] == {"request_id": response["X-Request-ID"]}
    assert not {"request", "user", "breadcrumbs", "server_name", "modules"} & set(report)
    words = ("elif", KEY, "the-session-cookie", "aGVsbG8", "127.0.0.1", "northwind")
    assert [word for word in words if word in json.dumps(report).lower()] == []


def test_an_error_in_the_log_is_reported(sentry):
    with trace.bind_request_id("a-request"):
        logging.getLogger("assignments.audit.alarm").error("The audit log is broken: %s", KEY)

    (report,) = sentry.reports
    assert report["logger"] == "assignments.audit.alarm"
    assert report["logentry"]["message"] == "The audit log is broken: %s"
    assert KEY not in json.dumps(report)


def test_a_report_outside_a_request_names_none(sentry):
    sentry_sdk.capture_message("Stopped")

    assert sentry.reports[0]["tags"] == {}


def test_without_a_dsn_nothing_is_started():
    start_reporting("", secrets=())

    assert not sentry_sdk.get_client().is_active()


def test_an_invalid_dsn_stops_the_start_and_is_not_quoted():
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN is not the address") as problem:
        start_reporting("nothing://a-secret-part", secrets=())

    assert "secret-part" not in str(problem.value)


def test_a_missing_package_stops_the_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(ImproperlyConfigured, match="uv pip install sentry-sdk"):
        start_reporting(DSN, secrets=())
