"""Proxy sign-in: headers of a reverse proxy, trusted only with its secret."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assignments.models import LogEntry
from dashboard import proxy_settings
from dashboard.access import doctor
from dashboard.access.models import SignIn, User
from dashboard.proxy_settings import ProxySettings
from tests.environment import env
from tests.identity_fixtures import sign_in
from tests.test_single_sign_on import actions, is_in, words

pytestmark = pytest.mark.django_db
SECRET = "said-between-the-proxy-and-the-desk-0123456789"
ISSUER = "https://idp.northwind.example/saml"
PRIYA = {
    "DeskSecret": SECRET,
    "DeskSubject": "priya@persistent",
    "DeskName": "Priya Meht%C3%A1, L&D",
    "DeskEmail": "priya@northwind.example",
    "DeskGroups": "sales; ld",
}
HEADERS = {
    "secret": "DeskSecret",
    "subject": "DeskSubject",
    "name": "DeskName",
    "email": "DeskEmail",
    "groups": "DeskGroups",
}
SETTINGS = {"PROXY_SECRET": SECRET, "PROXY_ISSUER": ISSUER, "OIDC_MANAGER_VALUES": "ld"}


@pytest.fixture(autouse=True)
def proxy(settings):
    """Configure proxy sign-in."""
    settings.DESK_DEMO = False
    settings.PROXY_SETTINGS = ProxySettings(secret=SECRET, issuer=ISSUER, headers=HEADERS)
    settings.OIDC_MANAGER_VALUES, settings.OIDC_AUDITOR_VALUES = ["ld"], ["audit"]
    settings.ACCESS_CONTACT = "the L&D desk"


def behind(**changed):
    """Return a client behind the proxy, which names Priya; an empty change drops a header."""
    text_shown = {name: value for name, value in (PRIYA | changed).items() if value is not None}
    return Client(headers=text_shown)


def named_otherwise(client, **changed):
    """Change the headers that the proxy sends."""
    client.defaults = behind(**changed).defaults
    return client


@pytest.fixture
def priya():
    """Return the client of a person who has signed in."""
    client = behind()
    client.get("/login/proxy")
    return client


def test_the_person_named_by_the_proxy_signs_in_by_a_button(settings):
    client = behind()

    door = client.get("/batches/?tab=done", follow=True)
    assert "Continue with your company account" in words(door)
    assert not SignIn.objects.exists()
    response = client.get("/login/proxy", {"next": "/batches/?tab=done"})

    user = User.objects.get()
    assert (response.status_code, response["Location"]) == (302, "/batches/?tab=done")
    assert (user.issuer, user.subject) == (ISSUER, "priya@persistent")
    assert (user.name, user.email) == ("Priya Mehtá, L&D", "priya@northwind.example")
    assert (user.roles, user.groups) == (["manager"], ["sales", "ld"])
    assert is_in(client)
    assert actions() == ["user.signed_in"]


def test_names_are_read_as_they_are_spelt():
    behind(DeskName="%E5%B1%B1%E7%94%B0%E3%80%80%E5%A4%AA%E9%83%8E").get("/login/proxy")

    assert User.objects.get().name == "山田 太郎"


def test_proxy_sign_in_redirects_to_pages_of_this_site_only():
    assert behind().get("/login/proxy", {"next": "https://evil.example/"})["Location"] == "/"


FORGED = [
    pytest.param({"DeskSecret": None}, id="no secret"),
    pytest.param({"DeskSecret": ""}, id="an empty secret"),
    pytest.param({"DeskSecret": SECRET[:-1]}, id="half a secret"),
    pytest.param({"DeskSecret": f"{SECRET},{SECRET}"}, id="the secret twice"),
    pytest.param({"DeskSecret": "ß" * 40}, id="not ASCII"),
    pytest.param({"DeskSecret": None, "DeskSubject": None}, id="groups alone"),
    pytest.param({"DeskSubject": "ruth,priya@persistent"}, id="two subjects"),
    pytest.param({"DeskGroups": "audit,sales"}, id="two lists of groups"),
    pytest.param({"DeskEmail": "a@x.example,b@x.example"}, id="two addresses"),
    pytest.param({"DeskSubject": "x" * 256}, id="a long subject"),
    pytest.param({"DeskSubject": "priya%00"}, id="a character nobody sees"),
    pytest.param({"DeskName": "Priya%E2%80%AEathem"}, id="a name in another direction"),
    pytest.param({"DeskEmail": "p%00@x.example"}, id="an address with NUL"),
    pytest.param({"DeskEmail": f"{'p' * 290}@x.example"}, id="a long address"),
    pytest.param({"DeskGroups": "ld; a%00"}, id="a group with NUL"),
    pytest.param({"DeskSubject": "%FF%FE"}, id="no UTF-8"),
]


@pytest.mark.parametrize("changed", FORGED)
@pytest.mark.parametrize("address", ["/login/proxy", "/login/", "/batches/"])
def test_untrusted_headers_are_refused_and_logged(changed, address, caplog):
    response = behind(**changed).get(address)

    assert response.status_code == 403
    assert "could not be trusted" in words(response)
    assert "Reference" in words(response)
    assert not User.objects.exists()
    assert "A sign-in by the proxy failed (untrusted)" in caplog.text
    assert SECRET not in caplog.text + response.content.decode()


def test_untrusted_headers_cannot_use_an_open_session(priya):
    named_otherwise(priya, DeskSecret="guessed", DeskGroups="audit")

    assert priya.get("/audit/").status_code == 403
    assert User.objects.get().roles == ["manager"]


def test_a_header_name_with_an_underscore_is_another_header():
    forged = {"HTTP_DESK_SUBJECT": "ruth", "HTTP_X_DESKSUBJECT": "ruth", "HTTP_X_REMOTE_USER": "x"}
    client = behind()
    client.defaults |= forged

    client.get("/login/proxy")

    assert User.objects.get().subject == "priya@persistent"


@pytest.mark.parametrize("changed", [{"DeskSubject": None}, dict.fromkeys(PRIYA)])
def test_a_request_without_identity_headers_gets_a_helpful_page(changed):
    response = behind(**changed).get("/login/proxy")

    assert response.status_code == 403
    assert "did not say who you are" in words(response)
    assert "tell the L&amp;D desk" in words(response)
    assert not User.objects.exists()


def test_a_person_without_a_role_learns_whom_to_ask():
    response = behind(DeskGroups="sales").get("/login/proxy")

    assert response.status_code == 403
    assert "Your account has no role here" in words(response)
    assert actions() == ["user.sign_in_refused"]


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        pytest.param({"DeskSubject": None}, "names nobody", id="nobody"),
        pytest.param(dict.fromkeys(PRIYA), "names nobody", id="past the proxy, with the cookie"),
        pytest.param({"DeskSubject": "ben"}, "names another person", id="somebody else"),
        pytest.param({"DeskGroups": "sales"}, "no role", id="a leaver"),
    ],
)
def test_a_session_ends_when_the_proxy_stops_naming_its_user(priya, changed, because):
    assert is_in(priya)
    named_otherwise(priya, **changed)

    assert priya.get("/batches/")["Location"].startswith("/login/?")

    entry = LogEntry.objects.order_by("-seq")[0]
    assert (entry.action, because.encode() in bytes(entry.body)) == ("user.signed_out", True)
    assert not SignIn.objects.exists()
    assert not is_in(named_otherwise(priya))


def test_a_session_ends_when_proxy_sign_in_is_disabled(priya, settings):
    settings.PROXY_SETTINGS = None

    assert not is_in(priya)
    assert priya.get("/login/proxy").status_code == 404


def test_roles_follow_the_headers_immediately(priya):
    named_otherwise(priya, DeskGroups="audit", DeskName="")

    assert priya.get("/audit/verify/").status_code == 200
    user = User.objects.get()
    assert (user.roles, user.name) == (["auditor"], "priya@northwind.example")
    assert actions()[-2:] == ["user.roles_changed", "user.details_changed"]


def test_unchanged_headers_write_nothing(priya):
    priya.get("/batches/")

    with CaptureQueriesContext(connection) as requested:
        priya.get("/batches/")

    assert [query["sql"] for query in requested if not query["sql"].startswith("SELECT")] == []


def test_a_form_of_an_ended_session_changes_nothing(priya):
    SignIn.objects.all().delete()
    priya.cookies.pop("sessionid", None)
    response = priya.post("/assign/new")

    assert response.status_code == 302
    assert response["Location"].startswith("/login/")


def test_a_deactivated_user_cannot_sign_in_by_the_proxy(priya):
    User.objects.update(is_active=False)

    assert not is_in(priya)
    assert "Your access was closed" in words(priya.get("/login/proxy"))


def test_signing_out_shows_the_sign_in_page_and_stays_signed_out(priya):
    response = priya.post("/logout/", follow=True)

    assert "You are signed out here" in words(response)
    assert not SignIn.objects.exists()
    assert not is_in(priya)


def test_with_both_ways_each_session_depends_on_its_own_way(company, settings):
    outside, inside = Client(), behind()
    sign_in(outside, company, "priya")
    inside.get("/login/proxy")

    assert (is_in(outside), is_in(inside)) == (True, True)
    assert User.objects.count() == 2
    assert "/login/proxy" in behind().get("/login/").content.decode()
    assert "/login/start" in Client().get("/login/").content.decode()
    assert "; also the reverse proxy names people" in doctor.check_sign_in()[1]


def test_the_settings_of_a_proxy():
    settings_read = proxy_settings.proxy_settings(
        env(**SETTINGS, PROXY_SUBJECT_HEADER="ShibId"), demo=False
    )

    assert settings_read
    assert (settings_read.issuer, settings_read.headers) == (
        ISSUER,
        HEADERS | {"subject": "ShibId"},
    )
    assert SECRET not in repr(settings_read)
    assert proxy_settings.proxy_settings(env(), demo=True) is None
    both = SETTINGS | {"OIDC_ISSUER": "https://id.example", "PROXY_BESIDE_OIDC": "1"}
    assert proxy_settings.proxy_settings(env(**both), demo=False)


@pytest.mark.parametrize(
    ("change", "demo", "sentence"),
    [
        pytest.param({}, True, "DESK_DEMO and PROXY_SECRET are both set", id="demo"),
        pytest.param({"PROXY_SECRET": "short"}, False, "fewer than 32 characters", id="short"),
        pytest.param({"PROXY_ISSUER": ""}, False, "PROXY_ISSUER is not", id="no issuer"),
        pytest.param({"PROXY_SECRET": ""}, False, "PROXY_SECRET is not", id="no secret"),
        pytest.param({"OIDC_MANAGER_VALUES": ""}, False, "nobody would have a role", id="no role"),
        pytest.param(
            {"OIDC_ISSUER": "https://id.example"}, False, "two ways to sign in", id="two ways in"
        ),
        pytest.param(
            {"PROXY_SUBJECT_HEADER": "X-Remote-User"}, False, "forged with an", id="a hyphen"
        ),
        pytest.param({"PROXY_NAME_HEADER": "X_Name"}, False, "letters and digits", id="underscore"),
        pytest.param(
            {"PROXY_NAME_HEADER": "DESKEMAIL"}, False, "the same header", id="one header twice"
        ),
    ],
)
def test_incomplete_proxy_settings_stop_the_start(change, demo, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence) as message:
        proxy_settings.proxy_settings(env(**(SETTINGS | change)), demo=demo)

    assert SECRET not in str(message.value)


def test_the_doctor_says_what_the_proxy_must_do(settings):
    is_well, message = doctor.check_sign_in()

    assert is_well
    assert "DeskSecret, DeskSubject, DeskName, DeskEmail, DeskGroups" in message
    assert SECRET not in message
    settings.PROXY_SETTINGS = None
    assert doctor.check_sign_in()[0] is False
