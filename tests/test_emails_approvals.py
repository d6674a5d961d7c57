"""E-mails about approvals: recipients, contents, retries, and the settings of the mail server."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends import locmem

from assignments import tasks
from assignments.models import Batch
from assignments.services.emails import outbox
from assignments.services.operations import doctor
from assignments.services.submitting import approval
from dashboard import mail_settings
from tests.approval_fixtures import LATER, make_second, make_waiting
from tests.conftest import NOON
from tests.environment import env
from tests.factories import make_actor, make_user


def sent():
    """Return recipients and subject of every e-mail, in order."""
    return [(email.to, email.subject) for email in mail.outbox]


@pytest.fixture
def batch(db, settings):
    """Return a batch that waits for approval, with another manager and an auditor."""
    settings.SITE_URL = "https://desk.northwind.example"
    make_second()
    make_user("auditor")
    return make_waiting()


def test_approvers_get_one_request(batch):
    make_second(name="No Address", email="")

    assert outbox.has_due_emails(now=NOON)
    assert (outbox.send_due_emails(now=NOON), outbox.send_due_emails(now=LATER)) == (1, 0)

    subject = f"Waiting for your approval: {batch} Fire Safety"
    assert sent() == [(["daniel@northwind.example"], subject)]
    body = str(mail.outbox[0].body)
    assert f"Priya Mehta asks for your approval of {batch}: Fire Safety for 2 people." in body
    assert "- Fire Safety is marked as mandatory." in body
    assert "Reason: Policy DP-14" in body
    assert batch.plan_digest in body
    assert "Decide until Thursday 26 November 2026, 12:00" in body
    assert f"https://desk.northwind.example/batches/{batch.number}/approval" in body
    assert not outbox.has_due_emails(now=LATER)


def approve(batch, by):
    approval.approve(batch=batch, plan_digest=batch.plan_digest, by=by, now=LATER, why="Fine")


def reject(batch, by):
    approval.reject(batch=batch, by=by, now=LATER, why="Wrong course")


def expire(batch, by):
    approval.expire_due(now=NOON + timedelta(hours=72))


@pytest.mark.parametrize(
    ("decide", "subject", "parts"),
    [
        pytest.param(
            approve,
            "Approved: {batch} Fire Safety",
            ["was approved by Daniel Osei", "Reason: Fine", "It starts Monday 23 November 2026"],
            id="approved",
        ),
        pytest.param(
            reject,
            "Rejected: {batch} Fire Safety",
            ["was rejected by Daniel Osei", "Reason: Wrong course", "Change your draft"],
            id="rejected",
        ),
        pytest.param(
            expire,
            "Not approved in time: {batch} Fire Safety",
            ["was not approved in time: Fire Safety for 2 people.", "Review your draft again"],
            id="expired",
        ),
    ],
)
def test_the_submitter_gets_the_decision(batch, decide, subject, parts):
    outbox.send_due_emails(now=NOON)
    mail.outbox.clear()

    decide(batch, make_actor(make_second(subject="d-2", email="d2@northwind.example")))
    outbox.send_due_emails(now=NOON + timedelta(hours=73))

    assert sent() == [([batch.by.email], subject.format(batch=batch))]
    body = str(mail.outbox[0].body)
    assert [part for part in parts if part not in body] == []
    assert batch.plan_digest in body
    assert f"https://desk.northwind.example/batches/{batch.number}/" in body


def test_withdrawing_sends_no_email(batch):
    approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER)

    assert (outbox.send_due_emails(now=NOON + timedelta(days=9)), sent()) == (0, [])


def test_a_submitter_without_an_address_gets_no_email(batch):
    approve(batch, make_actor(make_second(subject="d-2", email="d2@northwind.example")))
    type(batch.by).objects.filter(pk=batch.by_id).update(email="")

    assert (outbox.send_due_emails(now=LATER), sent()) == (1, [])


def test_a_title_with_a_line_break_injects_no_header(batch):
    Batch.objects.update(title="Fire\r\nBcc: everybody@northwind.example")

    outbox.send_due_emails(now=NOON)

    assert mail.outbox[0].subject.endswith("Fire Bcc: everybody@northwind.example")
    assert mail.outbox[0].message()["Bcc"] is None


def test_an_email_is_sent_again_if_the_mail_server_was_unavailable(batch, monkeypatch, caplog):
    def down(*_):
        raise ConnectionRefusedError("smtp.example: secret")

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", down)
    assert outbox.send_due_emails(now=NOON) == 0
    assert f"No e-mail about {batch} could be sent: ConnectionRefusedError" in caplog.text
    assert "secret" not in caplog.text
    monkeypatch.undo()

    assert outbox.send_due_emails(now=NOON + timedelta(minutes=4)) == 0
    assert outbox.send_due_emails(now=NOON + timedelta(minutes=5)) == 1
    assert len(sent()) == 1


def test_a_decision_made_while_the_request_is_sent_is_sent_as_well(batch, monkeypatch):
    def decide_while_sending(self, messages):
        approve(batch, make_actor(make_second(subject="d-2", email="d2@northwind.example")))

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", decide_while_sending)
    outbox.send_due_emails(now=NOON)
    monkeypatch.undo()

    assert outbox.send_due_emails(now=LATER) == 1
    assert sent() == [([batch.by.email], f"Approved: {batch} Fire Safety")]


def test_an_email_claimed_by_another_worker_is_not_sent_twice(batch, monkeypatch):
    due_rows = outbox._due_rows

    def due_rows_then_claimed(kind, now):
        pks = list(due_rows(kind, now).values_list("pk", flat=True))
        kind.rows().update(email_at=NOON + outbox.RETRY_AFTER)
        monkeypatch.setattr(outbox, "_due_rows", due_rows)
        return kind.rows().filter(pk__in=pks)

    monkeypatch.setattr(outbox, "_due_rows", due_rows_then_claimed)

    assert (outbox.send_due_emails(now=NOON), sent()) == (0, [])


def test_scheduled_tasks_send_emails_and_expire_approvals(transactional_db, batch, clock):
    tasks.enqueue_emails()
    tasks.send_emails.call()
    assert [to for to, _ in sent()] == [["daniel@northwind.example"]]
    tasks.enqueue_emails()

    clock.shift(timedelta(hours=72))
    tasks.expire_approvals()
    tasks.send_emails.call()

    batch.refresh_from_db()
    assert (batch.state, sent()[-1][0]) == ("expired", [batch.by.email])


@pytest.mark.parametrize(
    ("url", "options"),
    [
        pytest.param(
            "smtp+tls://desk:p%40ss@mail.example:2525",
            {"port": 2525, "username": "desk", "password": "p@ss", "use_tls": True},
            id="STARTTLS, with a port",
        ),
        pytest.param(
            "smtps://mail.example",
            {"port": 465, "username": "", "password": "", "use_ssl": True},
            id="implicit TLS",
        ),
        pytest.param(
            "smtp://mail.example", {"port": 25, "username": "", "password": ""}, id="a relay"
        ),
    ],
)
def test_the_mail_server_comes_from_the_environment(url, options):
    mailer = mail_settings.mailers(env(EMAIL_URL=url))["default"]

    assert mailer["BACKEND"] == "dashboard.mail_backend.EmailBackend"
    assert mailer["OPTIONS"] == {"host": "mail.example", "timeout": 15, **options}


def test_without_a_mail_server_emails_are_printed():
    console = "django.core.mail.backends.console.EmailBackend"
    assert mail_settings.mailers(env()) == {"default": {"BACKEND": console}}


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:s3cret@h:port", "smtp://[x"]
)
def test_an_invalid_mail_server_is_refused_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL is not the address") as error:
        mail_settings.mailers(env(EMAIL_URL=url))

    assert "s3cret" not in str(error.value)


def test_the_site_url_comes_from_the_environment():
    assert mail_settings.site_url(env(SITE_URL="https://d.example/")) == "https://d.example"
    assert mail_settings.site_url(env(PORT="8765")) == "http://127.0.0.1:8765"
    with pytest.raises(ImproperlyConfigured, match="SITE_URL is not a complete web address"):
        mail_settings.site_url(env(SITE_URL="desk"))


def test_the_doctor_checks_the_mail_server(settings):
    settings.MAILERS = {"default": {"BACKEND": mail_settings.CONSOLE}}
    sentence = "They are only printed by the worker. Set EMAIL_URL to your mail server."
    for is_sandbox in (True, False):
        settings.IS_SANDBOX = is_sandbox
        assert doctor._emails() == doctor.Finding("e-mails", is_sandbox, sentence)

    settings.MAILERS = mail_settings.mailers(env(EMAIL_URL="smtps://x:s3cret@mail.example"))
    assert doctor._emails() == doctor.Finding("e-mails", True, "sent through mail.example")
