"""Sessions: idle time, maximum length, list of open sessions, and return after sign-in."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client

from assignments.models import LogEntry
from dashboard.access.models import SignIn, User
from tests.factories import make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def later(**how_long):
    """Return the current clock moved forward, still running."""
    return time_machine.travel(datetime.now(UTC) + timedelta(**how_long), tick=True)


def sign_in(client, persona="manager", **headers):
    """Sign in as a persona of the demo."""
    client.post(f"/login/demo/{persona}", headers=headers)
    return SignIn.objects.order_by("pk").last()


def is_in(client, **headers):
    """Return whether the client is signed in."""
    return client.get("/batches/", headers=headers).status_code == 200


def test_an_idle_session_ends(client):
    sign_in(client)

    with later(minutes=50):
        assert is_in(client)
    with later(minutes=109):
        assert is_in(client)
    with later(minutes=170):
        assert not is_in(client)


def test_polling_does_not_extend_a_session(client):
    sign_in(client)

    with later(minutes=50):
        assert is_in(client, **HTMX, **{"HX-Trigger": "list"})
    with later(minutes=61):
        assert not is_in(client)


def test_a_session_ends_at_its_maximum_length(client):
    sign_in(client)

    for minutes in range(50, 12 * 60, 50):
        with later(minutes=minutes):
            assert is_in(client)
    with later(hours=12, seconds=1):
        assert not is_in(client)

    last = LogEntry.objects.order_by("-seq")[0]
    assert last.action == "user.signed_out"
    assert b"reached its maximum length" in bytes(last.body)
    assert not SignIn.objects.exists()


def test_sign_in_returns_to_the_page_where_the_session_ended(client):
    sign_in(client)
    Session.objects.all().delete()
    draft = "http://testserver/assign/0b5b1b3e-0000-4000-8000-000000000000/?by=paste"
    back = f"/login/?next={urlsplit(draft).path}%3Fby%3Dpaste%26unsaved%3D1&ended=1"

    page = client.get("/batches/?tab=done")
    part = client.post("/assign/new", headers=HTMX | {"HX-Current-URL": draft})
    form = client.post("/assign/new", headers={"Referer": draft})
    foreign = client.post("/assign/new", headers={"Referer": "https://evil.example/x"})

    assert page["Location"] == "/login/?next=/batches/%3Ftab%3Ddone&ended=1"
    assert (part.status_code, part["HX-Redirect"]) == (401, back)
    assert form["Location"] == back
    assert foreign["Location"] == "/login/?next=/%3Funsaved%3D1&ended=1"
    assert "Your session ended." in client.get(back).content.decode()


def test_the_page_after_signing_in_says_that_the_last_entry_is_missing(client):
    sign_in(client)

    assert "what you sent last was not stored" in client.get("/?unsaved=1").content.decode()
    assert "what you sent last was not stored" not in client.get("/").content.decode()


def test_an_administrator_sees_who_is_signed_in(client):
    sign_in(Client(), "manager", **{"User-Agent": "Firefox/150 on Linux"})
    sign_in(client, "admin")

    page = client.get("/sessions/").content.decode()

    assert page.count("<tr>") == 3
    assert "Priya Mehta" in page
    assert "Firefox/150 on Linux" in page
    assert page.count("this session") == 1


def test_the_list_of_sessions_takes_a_constant_number_of_queries(client, django_assert_num_queries):
    sign_in(client, "admin")
    client.get("/settings/")
    with django_assert_num_queries(4):
        client.get("/sessions/")
    sign_in(Client(), "manager")
    sign_in(Client(), "auditor")
    with django_assert_num_queries(4):
        client.get("/sessions/")


def test_an_administrator_ends_all_sessions_of_a_person(client):
    first, second, other = Client(), Client(), Client()
    sign_in(first)
    sign_in(second)
    sign_in(other, "auditor")
    sign_in(client, "admin")
    priya = User.objects.get(email="manager@example.com")

    response = client.post(f"/sessions/{priya.pk}/end")

    assert response["Location"] == "/sessions/"
    assert [is_in(each) for each in (first, second, other, client)] == [False, False, True, True]
    ended = LogEntry.objects.filter(action="session.ended")
    assert [entry.subject for entry in ended] == [f"user/{priya.pk}"] * 2


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_only_administrators_end_sessions_of_others(client, role):
    client.force_login(make_user(role))

    assert client.get("/sessions/").status_code == 403
    assert client.post(f"/sessions/{make_user().pk}/end").status_code == 403


def test_expired_sessions_are_deleted_at_the_next_sign_in(client):
    sign_in(client)

    with later(hours=13):
        sign_in(Client(), "auditor")
        assert SignIn.objects.get().user.email == "auditor@example.com"
        assert Session.objects.count() == 1


def test_sign_in_changes_the_session_key(client):
    planted = SessionStore()
    planted["planted"] = True
    planted.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key

    client.post("/login/demo/manager")

    assert client.session.session_key != planted.session_key
    assert not Session.objects.filter(pk=planted.session_key).exists()
