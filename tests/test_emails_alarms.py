"""A broken log is written about to those who answer for it: when it is found, and every night."""

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
def responsible(db, settings):
    """Return who is responsible for a log that is sealed and intact."""
    settings.ALERT_EMAILS = ["security@northwind.example", "audit@northwind.example"]
    settings.SITE_URL = "https://desk.northwind.example"
    sealed_log.write_sealed_log(4, 2)
    return settings.ALERT_EMAILS


def told():
    """Return who is written to once everything that is due is sent."""
    mail.outbox.clear()
    outbox.send_due(now=TOMORROW + timedelta(days=9))
    return [to for letter in mail.outbox for to in letter.to]


def check_tonight(now):
    """Make the nightly check."""
    run = begin_nightly_verification(by=SYSTEM, now=now)
    assert run is not None
    run_verification(run, by=SYSTEM, clock=lambda: now)


def test_a_break_is_written_about_with_what_to_do(responsible):
    log_tampering.edit_body(2, 7)

    found = verify_log(by=PRIYA, now=AT)

    assert outbox.are_due(now=AT)
    assert told() == responsible
    letter = mail.outbox[0]
    assert letter.subject == "The audit log was altered"
    assert "Altered at entry 2: body does not match the tree." in letter.body
    assert f"https://desk.northwind.example/audit/verify/{found.pk}/" in letter.body
    assert "Keep the database and its backups as they are" in letter.body
    assert PRIYA.name not in letter.body
    assert not outbox.are_due(now=TOMORROW)


def test_an_intact_log_is_not_written_about(responsible):
    verify_log(by=PRIYA, now=AT)
    check_tonight(TOMORROW)

    assert told() == []


def test_the_same_break_is_written_about_once_and_then_every_night(responsible):
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)
    told()

    verify_log(by=PRIYA, now=AT)
    assert told() == []
    check_tonight(TOMORROW)
    assert told() == responsible


def test_another_break_is_written_about_at_once(responsible):
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)
    told()

    log_tampering.edit_body(1, 7)
    verify_log(by=PRIYA, now=AT)
    assert told() == responsible


def test_nobody_to_write_to_is_no_fault(responsible, settings):
    settings.ALERT_EMAILS = []
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)

    assert told() == []
    assert not outbox.are_due(now=TOMORROW)


def test_the_addresses_come_from_the_environment():
    assert addresses(env(), "ALERT_EMAILS") == []
    given = env(ALERT_EMAILS="it@example.com, audit@example.com")
    assert addresses(given, "ALERT_EMAILS") == ["it@example.com", "audit@example.com"]
    with pytest.raises(ImproperlyConfigured, match="ALERT_EMAILS has an invalid e-mail address"):
        addresses(env(ALERT_EMAILS="it@example.com,the office"), "ALERT_EMAILS")


def test_the_doctor_says_when_nobody_would_learn_of_it(settings):
    settings.ALERT_EMAILS = []
    for is_sandbox in (True, False):
        settings.IS_SANDBOX = is_sandbox
        assert doctor._alarms().is_well is is_sandbox
    assert "Set ALERT_EMAILS" in doctor._alarms().sentence

    settings.ALERT_EMAILS = ["it@example.com"]
    assert doctor._alarms().is_well
    assert "it@example.com" in doctor._alarms().sentence
