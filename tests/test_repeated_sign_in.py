"""Signing in while signed in: two tabs, a double press, the back button; in all three modes."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from assignments.models import LogEntry
from dashboard.access.models import SignIn, User
from dashboard.proxy_settings import ProxySettings
from tests.identity_fixtures import approved, begin
from tests.identity_fixtures import sign_in as sign_in_by_provider
from tests.identity_provider import Provider
from tests.test_proxy_sign_in import HEADERS, ISSUER, PRIYA, SECRET
from tests.test_single_sign_on import actions, is_in, later, words

pytestmark = pytest.mark.django_db
# Signs a client in as a person, "priya" or "ingrid".
type SignInAs = Callable[[Client, str], Any]
PERSONAS = {"priya": "manager", "ingrid": "auditor"}
GROUPS = {"priya": "ld", "ingrid": "audit"}


@pytest.fixture(params=["demo", "oidc", "proxy"])
def sign_in(request: pytest.FixtureRequest, settings: Any) -> Iterator[SignInAs]:
    """Return a function that signs a client in by the mode."""
    if request.param == "demo":
        yield lambda client, person: client.post(f"/login/demo/{PERSONAS[person]}")
    elif request.param == "oidc":
        company: Provider = request.getfixturevalue("company")
        yield lambda client, person: sign_in_by_provider(client, company, person)
    else:
        settings.DESK_DEMO = False
        settings.PROXY_SETTINGS = ProxySettings(secret=SECRET, issuer=ISSUER, headers=HEADERS)
        settings.OIDC_MANAGER_VALUES, settings.OIDC_AUDITOR_VALUES = ["ld"], ["audit"]
        yield sign_in_behind_proxy


def headers_of(person: str) -> dict[str, str]:
    """Return the headers of the person that differ from Priya's."""
    return {
        "DeskSubject": person,
        "DeskEmail": f"{person}@northwind.example",
        "DeskGroups": GROUPS[person],
    }


def sign_in_behind_proxy(client: Client, person: str) -> Any:
    """Press the button while the proxy names the person."""
    client.defaults = Client(headers=PRIYA | headers_of(person)).defaults
    return client.get("/login/proxy")


def test_a_second_sign_in_replaces_the_session_of_the_first(
    client: Client, sign_in: SignInAs
) -> None:
    sign_in(client, "priya")
    first_key = client.session.session_key

    response = sign_in(client, "priya")

    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_in(client)
    assert client.session.session_key != first_key
    assert list(Session.objects.values_list("pk", flat=True)) == [client.session.session_key]
    assert SignIn.objects.get().session_key == client.session.session_key
    assert actions() == ["user.signed_in", "session.ended", "user.signed_in"]
    assert b"signed in again in the same browser" in bytes(LogEntry.objects.order_by("seq")[1].body)


def test_the_key_of_the_first_session_stops_working(client: Client, sign_in: SignInAs) -> None:
    sign_in(client, "priya")
    other_browser = Client()
    other_browser.defaults = client.defaults
    name = django_settings.SESSION_COOKIE_NAME
    other_browser.cookies[name] = client.cookies[name].value
    assert is_in(other_browser)

    sign_in(client, "priya")

    assert not is_in(other_browser)
    assert is_in(client)


def test_another_person_gets_nothing_of_the_session(client: Client, sign_in: SignInAs) -> None:
    sign_in(client, "priya")
    session = client.session
    session["of_priya"] = "private"
    session.save()

    sign_in(client, "ingrid")

    assert "of_priya" not in client.session
    # The proxy policy signs out as soon as the proxy names another person.
    assert actions()[1] in {"session.ended", "user.signed_out"}
    assert SignIn.objects.count() == 1
    first, second = (f"user/{user.pk}" for user in User.objects.order_by("pk"))
    actors = LogEntry.objects.order_by("seq").values_list("actor", flat=True)
    assert list(actors) == [first, first, second]


def test_two_tabs_complete_the_sign_ins_that_they_began(client: Client, company: Provider) -> None:
    first, second = begin(client, "/batches/?tab=done"), begin(client, "/people/")
    client.get(approved(company, first, "priya"))

    response = client.get(approved(company, second, "priya"))

    assert response["Location"] == "/people/"
    assert is_in(client)
    assert SignIn.objects.count() == 1
    assert actions() == ["user.signed_in", "session.ended", "user.signed_in"]


def test_a_third_tab_still_can_complete_its_sign_in(client: Client, company: Provider) -> None:
    started = [begin(client, f"/people/?page={number}") for number in range(3)]
    pages = [client.get(approved(company, url, "priya"))["Location"] for url in started]

    assert pages == ["/people/?page=0", "/people/?page=1", "/people/?page=2"]


def test_a_repeated_callback_goes_where_the_first_one_went(
    client: Client, company: Provider
) -> None:
    started = begin(client, "/batches/?tab=done")
    client.get(approved(company, started, "priya"))

    response = client.get(approved(company, started, "priya"))

    assert response["Location"] == "/batches/?tab=done"
    assert is_in(client)
    assert actions() == ["user.signed_in"]


def test_an_unknown_callback_tells_a_signed_in_person_so(client: Client, company: Provider) -> None:
    sign_in_by_provider(client, company, "priya")
    other = begin(Client())

    response = client.get(approved(company, other, "ingrid"))

    assert response.status_code == 400
    assert "You are still signed in as Priya Mehta" in words(response)
    assert "You are not signed in" not in words(response)
    assert is_in(client)


def demo_form(client: Client) -> dict[str, str]:
    """Return the fields of the sign-in form of the demo."""
    page = client.get("/login/", {"next": "/batches/?tab=done"}).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    return {"csrfmiddlewaretoken": token[1], "next": "/batches/?tab=done"}


def test_a_form_from_before_the_sign_in_leads_on(settings: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    form = demo_form(client)
    client.post("/login/demo/manager", form)

    response = client.post("/login/demo/manager", form, follow=True)

    assert response.redirect_chain == [("/batches/?tab=done", 302)]
    assert response.status_code == 200
    assert actions() == ["user.signed_in"]


def test_a_form_with_an_old_token_is_refused_elsewhere(settings: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.post("/login/demo/manager", demo_form(client))

    response = client.post("/assign/new")

    assert response.status_code == 403
    assert "This form is too old" in words(response)


@pytest.mark.parametrize(
    ("headers", "status", "header"),
    [({}, 302, "Location"), ({"HX-Request": "true"}, 401, "HX-Redirect")],
)
def test_a_page_whose_session_is_replaced_meanwhile_goes_on(
    client: Client, headers: dict[str, str], status: int, header: str
) -> None:
    client.post("/login/demo/manager")

    def replace(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith('UPDATE "access_signin"'):
            Session.objects.all().delete()
        return execute(sql, *arguments)

    with later(minutes=2), connection.execute_wrapper(replace):
        response = client.get("/batches/?tab=done", headers=headers)

    assert (response.status_code, response[header]) == (
        status,
        "/login/?next=/batches/%3Ftab%3Ddone",
    )
