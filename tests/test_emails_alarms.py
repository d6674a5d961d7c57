"""Alarm e-mails about an altered log: when it is found, and once every night."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.verification.jobs import begin_nightly_verification, run_verification
from assignments.audit.verification.whole_log import verify_log
from assignments.services.emails import outbox
from assignments.services.operations import doctor
from dashboard.mail_settings import addresses
from tests import log_tampering, sealed_log
from tests.environment import env
from tests.log_fixtures import AT, PRIYA

TOMORROW = AT + timedelta(days=1)


@pytest.fixture
def alert_emails(db, settings):
    """Write a sealed, intact log; return the addresses that alarms are sent to."""
    settings.ALERT_EMAILS = ["security@northwind.example", "audit@northwind.example"]
    settings.SITE_URL = "https://desk.northwind.example"
    sealed_log.write_sealed_log(4, 2)
    return settings.ALERT_EMAILS


def send_emails():
    """Send everything that is due and return the recipients."""
    mail.outbox.clear()
    outbox.send_due_emails(now=TOMORROW + timedelta(days=9))
    return [to for email in mail.outbox for to in email.to]


def verify_nightly(now):
    """Run the nightly verification."""
    run = begin_nightly_verification(by=SYSTEM, now=now)
    assert run is not None
    run_verification(run, by=SYSTEM, clock=lambda: now)


def test_an_altered_log_sends_an_alarm_that_says_what_to_do(alert_emails):
    log_tampering.edit_body(2, 7)

    verification = verify_log(by=PRIYA, now=AT)

    assert outbox.has_due_emails(now=AT)
    assert send_emails() == alert_emails
    email = mail.outbox[0]
    assert email.subject == "The audit log was altered"
    assert "Altered at entry 2: body does not match the tree." in email.body
    assert f"https://desk.northwind.example/audit/verify/{verification.pk}/" in email.body
    assert "Keep the database and its backups as they are" in email.body
    assert PRIYA.name not in email.body
    assert not outbox.has_due_emails(now=TOMORROW)


def test_an_intact_log_sends_no_alarm(alert_emails):
    verify_log(by=PRIYA, now=AT)
    verify_nightly(TOMORROW)

    assert send_emails() == []


def test_the_same_alteration_sends_one_alarm_and_then_one_every_night(alert_emails):
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)
    send_emails()

    verify_log(by=PRIYA, now=AT)
    assert send_emails() == []
    verify_nightly(TOMORROW)
    assert send_emails() == alert_emails


def test_another_alteration_sends_another_alarm(alert_emails):
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)
    send_emails()

    log_tampering.edit_body(1, 7)
    verify_log(by=PRIYA, now=AT)
    assert send_emails() == alert_emails


def test_no_recipients_is_no_error(alert_emails, settings):
    settings.ALERT_EMAILS = []
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)

    assert send_emails() == []
    assert not outbox.has_due_emails(now=TOMORROW)


def test_the_addresses_come_from_the_environment():
    assert addresses(env(), "ALERT_EMAILS") == []
    environment = env(ALERT_EMAILS="it@example.com, audit@example.com")
    assert addresses(environment, "ALERT_EMAILS") == ["it@example.com", "audit@example.com"]
    with pytest.raises(ImproperlyConfigured, match="ALERT_EMAILS has an invalid e-mail address"):
        addresses(env(ALERT_EMAILS="it@example.com,the office"), "ALERT_EMAILS")


def test_the_doctor_requires_recipients_of_alarms(settings):
    settings.ALERT_EMAILS = []
    for is_sandbox in (True, False):
        settings.IS_SANDBOX = is_sandbox
        assert doctor._alarms().is_ok is is_sandbox
    assert "Set ALERT_EMAILS" in doctor._alarms().sentence

    settings.ALERT_EMAILS = ["it@example.com"]
    assert doctor._alarms().is_ok
    assert "it@example.com" in doctor._alarms().sentence
