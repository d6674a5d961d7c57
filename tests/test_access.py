"""Sign-in pages, access rules of the roles, error pages and settings that stop the start."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import transaction
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from django.utils.crypto import get_random_string

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.verification.whole_log import verify_log
from assignments.models import Draft, LogEntry, PersonalValue
from dashboard import environment, stackone_settings
from dashboard.access import errors, matrix
from dashboard.access.models import User
from dashboard.access.rules import PUBLIC, RULES
from tests.environment import env
from tests.factories import (
    AT,
    make_account,
    make_audience,
    make_batch,
    make_content,
    make_export,
    make_learner,
    make_token,
    make_user,
)
from tests.log_fixtures import write_log

pytestmark = pytest.mark.django_db
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
READ = {"manager": 200, "auditor": 200, "admin": 200}
ACT = {"manager": 302, "auditor": 403, "admin": 403}
CHECK = {"manager": 403, "auditor": 200, "admin": 200}
OPERATE = {"manager": 403, "auditor": 403, "admin": 302}
# Response status of each URL by role.
MATRIX = {
    "home": ("get", {"manager": 200, "auditor": 302, "admin": 302}),
    "assign-new": ("post", ACT),
    "assign": ("get", {**ACT, "manager": 200}),
    "assign-terms": ("post", {**ACT, "manager": 422}),
    "assign-discard": ("post", ACT),
    "assign-recover": ("post", {**ACT, "manager": 404}),
    "assign-audience": ("post", {**ACT, "manager": 422}),
    "assign-exclude": ("post", {**ACT, "manager": 422}),
    "assign-put-back": ("post", ACT),
    "assign-save-audience": ("post", {**ACT, "manager": 422}),
    "assign-item-due-dates": ("post", ACT),
    "assign-paste": ("post", {**ACT, "manager": 422}),
    "assign-upload": ("post", {**ACT, "manager": 422}),
    "assign-upload-columns": ("post", {**ACT, "manager": 422}),
    "assign-upload-sheet": ("post", {**ACT, "manager": 422}),
    "assign-upload-suggestion": ("post", ACT),
    "assign-upload-refused": ("get", {**ACT, "manager": 404}),
    "assign-upload-remove": ("post", ACT),
    "assign-content": ("post", ACT),
    "assign-pick": ("post", ACT),
    "assign-pick-all": ("post", ACT),
    "assign-clear": ("post", ACT),
    "review": ("post", ACT),
    "submit": ("post", ACT),
    "batches": ("get", READ),
    "batch": ("get", READ),
    "batch-progress": ("get", READ),
    "row-action": ("post", {**ACT, "manager": 409}),
    "batch-copy": ("post", ACT),
    "review-file": ("get", {**ACT, "manager": 404}),
    "review-refresh": ("post", {**ACT, "manager": 404}),
    "review-start": ("get", {**ACT, "manager": 404}),
    "batch-action": ("post", {**ACT, "manager": 409}),
    "batch-approval": ("get", ACT),
    "people": ("get", READ),
    "person": ("get", READ),
    "audiences": ("get", READ),
    "audience-use": ("post", ACT),
    "audience-rename": ("post", {**ACT, "manager": 409}),
    "audience-defaults": ("get", {**ACT, "manager": 200}),
    "audience-delete": ("post", ACT),
    "assignment-history": ("get", READ),
    "content-list": ("get", READ),
    "content-item": ("get", READ),
    "content-mandatory": ("post", OPERATE),
    "audit": ("get", READ),
    "audit-completions": ("get", READ),
    "entry": ("get", READ),
    "verify": ("get", CHECK),
    "verification": ("get", CHECK),
    "verify-search-results": ("get", CHECK),
    "verify-file": ("post", {**CHECK, "auditor": 400, "admin": 400}),
    "seal": ("post", {"manager": 403, "auditor": 302, "admin": 302}),
    "export": ("post", {**CHECK, "auditor": 422, "admin": 422}),
    "sample": ("get", CHECK),
    "audit-print": ("get", CHECK),
    "log-api": ("get", CHECK),
    "access-tokens": ("get", CHECK),
    # Of another user.
    "access-token-revoke": ("post", {"manager": 403, "auditor": 404, "admin": 404}),
    "exports": ("get", CHECK),
    # Of another user.
    "export-file": ("get", {"manager": 403, "auditor": 404, "admin": 404}),
    "search": ("get", READ),
    "settings": ("get", READ),
    "sync": ("post", OPERATE),
    "account-resume": ("post", OPERATE),
    "facets": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    "account-passthrough": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    "content-defaults": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    "privacy": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    "privacy-retention": ("post", OPERATE),
    "privacy-person": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    "privacy-hold": ("post", {**OPERATE, "admin": 422}),
    "sessions": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    "sessions-end": ("post", OPERATE),
    "addresses": ("get", {"manager": 403, "auditor": 403, "admin": 200}),
    # Of a user who shares none.
    "addresses-release": ("post", {**OPERATE, "admin": 409}),
    "login-renew": ("get", {"manager": 404, "auditor": 404, "admin": 404}),
    "logout": ("post", {"manager": 302, "auditor": 302, "admin": 302}),
}


@pytest.fixture
def world():
    """Return arguments of every URL, with which something exists there."""
    batch = make_batch(["created"])
    owner = make_user("manager", email="owner@northwind.example")
    draft = Draft.objects.create(account=make_account(), owner=owner, created_at=AT, changed_at=AT)
    write_log(1)
    row = batch.assignments.get()
    audience = make_audience(owner)
    by_name = {
        "batch": [batch.number],
        "batch-progress": [batch.number],
        "batch-action": [batch.number, "pause"],
        "row-action": [batch.number, row.pk, "retry"],
        "batch-copy": [batch.number],
        "batch-approval": [batch.number],
        "audience-use": [audience.pk],
        "audience-rename": [audience.pk],
        "audience-defaults": [audience.pk],
        "audience-delete": [audience.pk],
        "person": [make_learner().pk],
        "content-item": [make_content().pk],
        "assignment-history": [row.learner_id, row.content_id],
        "content-mandatory": [make_content().pk],
        "entry": [0],
        "verification": [verify_log(by=SYSTEM, now=AT).pk],
        "facets": [make_account().pk],
        "account-passthrough": [make_account().pk],
        "content-defaults": [make_content().pk],
        "account-resume": [make_account().pk],
        "sessions-end": [owner.pk],
        "addresses-release": [owner.pk],
        "privacy-person": ["user", owner.pk],
        "privacy-hold": ["user", owner.pk],
        "export-file": [make_export(owner).pk],
        "access-token-revoke": [make_token(owner).pk],
    }
    drafted = [name for name in MATRIX if name.startswith(("assign", "review")) or name == "submit"]
    return owner, {name: [draft.pk] for name in drafted if name != "assign-new"} | by_name


def ask(client, name, arguments):
    """Request a URL by GET or POST."""
    method, _ = MATRIX[name]
    http_response = getattr(client, method)(reverse(name, args=arguments.get(name, [])))
    if http_response.streaming:
        b"".join(http_response)
    return http_response


@contextmanager
def rolled_back():
    """Undo what is done to the database inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def words(response):
    """Return the text of a page, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_every_url_has_a_rule_and_a_row():
    names = {name for name, _ in matrix.named_paths(get_resolver().url_patterns)}
    closed = {name for name, rule in RULES.items() if rule.requires != PUBLIC}

    assert names == RULES.keys()
    assert closed == MATRIX.keys()


def test_the_page_of_access_rules_is_up_to_date(capsys):
    call_command("access")

    page = Path(__file__).resolve().parent.parent / "docs" / "access.md"
    assert page.read_text() == capsys.readouterr().out, "Run: manage.py access > docs/access.md"


def test_a_url_without_a_rule_is_forbidden(client, monkeypatch):
    client.force_login(make_user("manager"))
    monkeypatch.delitem(RULES, "batches")

    assert client.get("/batches/").status_code == 403


@pytest.mark.parametrize("role", ["manager", "auditor", "admin", None])
def test_what_a_role_may_not_do_is_refused_for_every_method(client, world, role):
    if role:
        client.force_login(make_user(role))

    for name, rule in RULES.items():
        address = reverse(name, args=world[1].get(name, ["x"] if name == "login-demo" else []))
        for method in METHODS:
            is_in = rule.requires == PUBLIC or bool(role and rule.allows(role))
            if is_in and method in rule.methods:
                continue
            http_response = client.generic(method, address)
            outside = 401 if name == "log-api" else 302
            closed = 405 if is_in else 403 if role else outside
            assert (name, method, http_response.status_code) == (name, method, closed)
            if closed == 302:
                assert http_response["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("name", MATRIX)
def test_each_role_gets_the_status_of_the_matrix(world, name):
    owner, arguments = world
    for role, status in MATRIX[name][1].items():
        client = Client()
        with rolled_back():
            client.force_login(owner if role == "manager" else make_user(role))
            assert (role, ask(client, name, arguments).status_code) == (role, status)


@pytest.mark.parametrize("role", ["manager", "auditor", "admin"])
def test_no_page_has_inline_style_or_script(client, world, role):
    owner, arguments = world
    client.force_login(owner if role == "manager" else make_user(role))
    pages = [name for name, (method, _) in MATRIX.items() if method == "get"]

    for name in [*pages, "login"]:
        html = client.get(reverse(name, args=arguments.get(name, []))).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), name
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), name


def test_every_response_has_a_strict_policy_and_a_request_id(client):
    http_response = client.get("/login/")

    assert http_response["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; report-uri /csp-report; report-to desk"
    )
    assert http_response["X-Frame-Options"] == "DENY"
    assert len(http_response["X-Request-ID"]) == 36


def test_login_offers_the_personas_of_the_demo(client):
    page_text = words(client.get("/login/"))

    assert "Priya Mehta, assigns learning" in page_text
    assert "Ingrid Solberg, reads and verifies" in page_text


def test_without_the_demo_there_are_no_personas(client, settings):
    settings.DESK_DEMO = False

    assert "Nobody can sign in yet." in words(client.get("/login/"))
    assert client.post("/login/demo/manager").status_code == 404
    assert not User.objects.exists()


def test_an_unknown_persona_does_not_exist(client):
    assert client.post("/login/demo/nobody").status_code == 404


def test_signing_in_and_out_is_recorded_with_session_and_address(client):
    client.get("/login/")
    before = client.session.session_key

    client.post("/login/demo/manager", REMOTE_ADDR="10.20.4.17")
    user = User.objects.get(email="manager@example.com")
    assert client.session.session_key != before
    client.post("/logout/")

    entries = list(LogEntry.objects.order_by("seq"))
    signed_in = bytes(entries[0].body).decode()
    assert [(e.action, e.actor) for e in entries] == [
        ("user.signed_in", f"user/{user.pk}"),
        ("user.signed_out", f"user/{user.pk}"),
    ]
    assert re.search(r'"session":"[0-9a-f]{16}"', signed_in)
    assert "10.20.4.17" not in signed_in
    assert "Priya" not in signed_in
    values = PersonalValue.objects.values_list("field", "value")
    assert {("ip", "10.20.4.17"), ("name", "Priya Mehta")} <= set(values)


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        pytest.param("/batches/?tab=done", "/batches/?tab=done", id="a page of ours"),
        pytest.param("https://evil.example/", "/", id="somebody else's"),
        pytest.param("//evil.example/", "/", id="without a scheme"),
        pytest.param("javascript:alert(1)", "/", id="a script"),
        pytest.param("http://testserver/people/", "http://testserver/people/", id="in full"),
        pytest.param("no-such-page", "/", id="a word"),
        pytest.param("manager", "/", id="the name of something"),
        pytest.param("", "/", id="nothing"),
    ],
)
def test_sign_in_redirects_to_pages_of_this_site_only(client, wanted, leads_to):
    http_response = client.post("/login/demo/manager", {"next": wanted})

    assert (http_response.status_code, http_response["Location"]) == (302, leads_to)


def test_the_sign_in_page_redirects_people_who_are_signed_in(client):
    client.force_login(make_user("manager"))

    assert client.get("/login/", {"next": "/batches/"})["Location"] == "/batches/"
    assert client.get("/login/", {"next": "<x-probe onload=1>"})["Location"] == "/"


def test_a_deactivated_user_is_signed_out(client):
    user = make_user("manager")
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get("/batches/").status_code == 302


def test_a_user_without_a_role_may_do_nothing(client):
    user = make_user("manager", roles=["visitor"])
    client.force_login(user)

    assert client.get("/batches/").status_code == 403
    assert not user.has_module_perms("assignments")
    assert not user.has_perms(["assignments.view_batch"])


def test_a_form_without_a_csrf_token_gets_a_helpful_page():
    client = Client(enforce_csrf_checks=True)

    http_response = client.post("/login/demo/manager")

    assert http_response.status_code == 403
    assert "This form is too old" in words(http_response)


def test_problem_pages_say_what_to_do_and_leak_nothing(client, rf: RequestFactory):
    client.force_login(make_user("manager"))
    missing = client.get("/nope/")
    request = rf.get("/")
    request.request_id = "7f3a0000-" + get_random_string(8)  # type: ignore[attr-defined]
    failed = errors.server_error(request)

    assert (missing.status_code, failed.status_code) == (404, 500)
    assert "This page does not exist" in words(missing)
    assert "Nothing was sent twice" in words(failed)
    assert "7F3A0000" in words(failed)
    assert "Traceback" not in words(failed)


def test_a_bad_request_gets_a_plain_page(rf: RequestFactory):
    request = rf.get("/")
    request.user = make_user("manager")

    http_response = errors.bad_request(request, Http404())

    assert http_response.status_code == 400
    assert "This request could not be read" in words(http_response)


def test_readyz_reports_what_is_missing(client):
    http_response = client.get("/readyz")

    assert http_response.status_code == 503
    assert http_response.json()["worker"] == "not seen in the last minute"
    assert client.get("/healthz").json() == {"process": "ok"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param(
            {"demo": True, "api_key": "k", "base_url": "https://api.stackone.com"},
            "DESK_DEMO and STACKONE_API_KEY are both set",
            id="demo with a real key",
        ),
        pytest.param(
            {"demo": False, "api_key": "k", "base_url": "http://api.stackone.com"},
            "Start it with https://",
            id="an open line",
        ),
        pytest.param(
            {"demo": False, "api_key": "", "base_url": "https://api.stackone.com"},
            "STACKONE_API_KEY is not set",
            id="no key for a real LMS",
        ),
    ],
)
def test_contradictory_settings_stop_the_start(values, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        stackone_settings.refuse_unsafe_remote(**values)


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        pytest.param(
            lambda: stackone_settings.account_ids(env(), is_sandbox=False),
            "STACKONE_ACCOUNT_ID",
            id="id",
        ),
        pytest.param(
            lambda: environment.positive_integer(env(SYNC_MINUTES="0"), "SYNC_MINUTES"),
            "Set it to 1 or more",
            id="0",
        ),
        pytest.param(
            lambda: environment.positive_integer(env(SYNC_MINUTES="x"), "SYNC_MINUTES"),
            "whole number",
            id="no number",
        ),
        pytest.param(
            lambda: environment.non_negative_integer(
                env(APPROVAL_THRESHOLD="-1"), "APPROVAL_THRESHOLD", default=None
            ),
            "Set it to 0 or more",
            id="below 0",
        ),
        pytest.param(
            lambda: environment.choice(env(LOG_FORMAT="z"), "LOG_FORMAT", default="json"),
            "one of: json, text",
            id="no choice",
        ),
    ],
)
def test_a_missing_or_invalid_setting_is_named(read, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        read()


def test_an_unset_threshold_has_the_default():
    assert environment.non_negative_integer(env(), "APPROVAL_THRESHOLD", default=None) is None
    assert (
        environment.non_negative_integer(
            env(APPROVAL_THRESHOLD="0"), "APPROVAL_THRESHOLD", default=1000
        )
        == 0
    )
