"""Letters about approvals: who gets which, and that none is lost or sent over and over."""

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
    """Return who was written to about what, in order."""
    return [(letter.to, letter.subject) for letter in mail.outbox]


@pytest.fixture
def batch(db, settings):
    """Return a batch that waits, with one manager and an auditor besides its submitter."""
    settings.SITE_URL = "https://desk.northwind.example"
    make_second()
    make_user("auditor")
    return make_waiting()


def test_those_who_may_approve_are_asked_once(batch):
    make_second(name="No Address", email="")

    assert outbox.are_due(now=NOON)
    assert (outbox.send_due(now=NOON), outbox.send_due(now=LATER)) == (1, 0)

    subject = f"Waiting for your approval: {batch} Fire Safety"
    assert sent() == [(["daniel@northwind.example"], subject)]
    said = str(mail.outbox[0].body)
    assert f"Priya Mehta asks for your approval of {batch}: Fire Safety for 2 people." in said
    assert "- Fire Safety is marked as mandatory." in said
    assert "Reason: Policy DP-14" in said
    assert batch.plan_digest in said
    assert "Decide until Thursday 26 November 2026, 12:00" in said
    assert f"https://desk.northwind.example/batches/{batch.pk}/approval" in said
    assert not outbox.are_due(now=LATER)


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
def test_the_submitter_is_told_of_the_decision(batch, decide, subject, parts):
    outbox.send_due(now=NOON)
    mail.outbox.clear()

    decide(batch, make_actor(make_second(subject="d-2", email="d2@northwind.example")))
    outbox.send_due(now=NOON + timedelta(hours=73))

    assert sent() == [([batch.by.email], subject.format(batch=batch))]
    said = str(mail.outbox[0].body)
    assert [part for part in parts if part not in said] == []
    assert batch.plan_digest in said
    assert f"https://desk.northwind.example/batches/{batch.pk}/" in said


def test_who_withdraws_is_not_told_so(batch):
    approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER)

    assert (outbox.send_due(now=NOON + timedelta(days=9)), sent()) == (0, [])


def test_nobody_is_written_to_without_an_address(batch):
    approve(batch, make_actor(make_second(subject="d-2", email="d2@northwind.example")))
    type(batch.by).objects.filter(pk=batch.by_id).update(email="")

    assert (outbox.send_due(now=LATER), sent()) == (1, [])


def test_a_title_with_a_line_break_puts_nothing_into_the_headers(batch):
    Batch.objects.update(title="Fire\r\nBcc: everybody@northwind.example")

    outbox.send_due(now=NOON)

    assert mail.outbox[0].subject.endswith("Fire Bcc: everybody@northwind.example")
    assert mail.outbox[0].message()["Bcc"] is None


def test_a_mail_server_that_is_down_is_asked_again_later(batch, monkeypatch, caplog):
    def down(*_):
        raise ConnectionRefusedError("smtp.example: secret")

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", down)
    assert outbox.send_due(now=NOON) == 0
    assert f"No letter about {batch} could be sent: ConnectionRefusedError" in caplog.text
    assert "secret" not in caplog.text
    monkeypatch.undo()

    assert outbox.send_due(now=NOON + timedelta(minutes=4)) == 0
    assert outbox.send_due(now=NOON + timedelta(minutes=5)) == 1
    assert len(sent()) == 1


def test_a_decision_made_while_the_question_is_on_its_way_is_told_as_well(batch, monkeypatch):
    def decided_meanwhile(self, messages):
        approve(batch, make_actor(make_second(subject="d-2", email="d2@northwind.example")))

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", decided_meanwhile)
    outbox.send_due(now=NOON)
    monkeypatch.undo()

    assert outbox.send_due(now=LATER) == 1
    assert sent() == [([batch.by.email], f"Approved: {batch} Fire Safety")]


def test_another_sender_may_have_taken_it(batch, monkeypatch):
    taken = outbox._due

    def due(kind, now):
        found = list(taken(kind, now).values_list("pk", flat=True))
        kind.rows().update(email_at=NOON + outbox.TRY_AGAIN_AFTER)
        monkeypatch.setattr(outbox, "_due", taken)
        return kind.rows().filter(pk__in=found)

    monkeypatch.setattr(outbox, "_due", due)

    assert (outbox.send_due(now=NOON), sent()) == (0, [])


def test_the_schedule_wakes_the_writer_and_ends_what_waited_too_long(
    transactional_db, batch, clock
):
    tasks.wake_letters()
    tasks.send_letters.call()
    assert [to for to, _ in sent()] == [["daniel@northwind.example"]]
    tasks.wake_letters()

    clock.shift(timedelta(hours=72))
    tasks.expire_approvals()
    tasks.send_letters.call()

    batch.refresh_from_db()
    assert (batch.state, sent()[-1][0]) == ("expired", [batch.by.email])


@pytest.mark.parametrize(
    ("url", "options"),
    [
        pytest.param(
            "smtp+tls://desk:p%40ss@mail.example:2525",
            {"port": 2525, "username": "desk", "password": "p@ss", "use_tls": True},
            id="TLS by STARTTLS, with a port",
        ),
        pytest.param(
            "smtps://mail.example",
            {"port": 465, "username": "", "password": "", "use_ssl": True},
            id="TLS from the start",
        ),
        pytest.param(
            "smtp://mail.example", {"port": 25, "username": "", "password": ""}, id="a relay"
        ),
    ],
)
def test_a_mail_server_comes_from_the_environment(url, options):
    mailer = mail_settings.mailers(env(EMAIL_URL=url))["default"]

    assert mailer["BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert mailer["OPTIONS"] == {"host": "mail.example", "timeout": 15, **options}


def test_without_a_mail_server_letters_are_printed():
    console = "django.core.mail.backends.console.EmailBackend"
    assert mail_settings.mailers(env()) == {"default": {"BACKEND": console}}


@pytest.mark.parametrize(
    "url", ["mail.example", "http://mail.example", "smtp://", "smtp://x:s3cret@h:port", "smtp://[x"]
)
def test_what_is_no_mail_server_stops_the_start_without_giving_the_password_away(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL is not the address") as stop:
        mail_settings.mailers(env(EMAIL_URL=url))

    assert "s3cret" not in str(stop.value)


def test_the_address_of_the_site_is_one():
    assert mail_settings.site_url(env(SITE_URL="https://d.example/")) == "https://d.example"
    assert mail_settings.site_url(env(PORT="8765")) == "http://127.0.0.1:8765"
    with pytest.raises(ImproperlyConfigured, match="SITE_URL is 'desk'"):
        mail_settings.site_url(env(SITE_URL="desk"))


def test_the_doctor_tells_where_letters_go(settings):
    settings.MAILERS = {"default": {"BACKEND": mail_settings.CONSOLE}}
    sentence = "They are only written to the worker's output. Set EMAIL_URL to your mail server."
    for is_sandbox in (True, False):
        settings.IS_SANDBOX = is_sandbox
        assert doctor._letters() == doctor.Finding("letters", is_sandbox, sentence)

    settings.MAILERS = mail_settings.mailers(env(EMAIL_URL="smtps://x:s3cret@mail.example"))
    assert doctor._letters() == doctor.Finding("letters", True, "leave through mail.example")
