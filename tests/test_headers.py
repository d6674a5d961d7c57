"""Security headers of every response, scored as the Mozilla Observatory does; refused requests."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.verification.whole_log import verify_log
from assignments.models import Draft
from tests.factories import AT, make_account, make_audience, make_batch, make_export, make_user
from tests.log_fixtures import write_log
from tests.test_access import MATRIX, words

pytestmark = pytest.mark.django_db
STATIC = "/static/assignments/desk.css"


def ask(client, address, **how):
    """Return the response, read to its end: a file is open until then."""
    response = client.get(address, **how)
    if response.streaming:
        assert b"".join(response)
    return response


def policy(response):
    """Return the content security policy by directive."""
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts}


def score(response):
    """Return the Observatory's points: 100, less for missing headers, more for strict ones."""
    csp, points = policy(response), 100
    scripts = csp.get("script-src", csp.get("default-src", ["*"]))
    is_open = {"'unsafe-inline'", "'unsafe-eval'", "data:", "https:", "*"} & set(scripts)
    points += -25 if is_open else 10 if csp.get("default-src") == ["'none'"] else 5
    points += 5 if csp.get("frame-ancestors") == ["'none'"] else -20
    points += 5 if response["Referrer-Policy"] in {"same-origin", "no-referrer"} else -5
    points += 10 if response["Cross-Origin-Resource-Policy"] == "same-origin" else 0
    points -= 5 * (response["X-Content-Type-Options"] != "nosniff")
    hsts = response.headers.get("Strict-Transport-Security", "")
    points += 5 if "preload" in hsts else -20 if "max-age=31536000" not in hsts else 0
    for cookie in response.cookies.values():
        points -= 0 if cookie["secure"] else 20
        points -= 0 if cookie["httponly"] else 10
        points += 5 if cookie["samesite"] == "Lax" else -5
    return points


@pytest.fixture
def behind_tls(settings):
    """Apply the settings of production behind TLS."""
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME = "__Host-session"
    settings.CSRF_COOKIE_NAME = "__Host-csrf"


@pytest.fixture
def addresses():
    """Return a URL of every page, and some of pages that do not exist."""
    batch = make_batch(["created"])
    owner = make_user("manager")
    draft = Draft.objects.create(account=make_account(), owner=owner, created_at=AT, changed_at=AT)
    write_log(1)
    row = batch.assignments.get()
    more: dict[str, list[object]] = {
        "person": [row.learner_id],
        "content-item": [row.content_id],
        "entry": [0],
        "verification": [verify_log(by=SYSTEM, now=AT).pk],
        "facets": [draft.account_id],
        "account-passthrough": [draft.account_id],
        "content-defaults": [row.content_id],
        "audience-defaults": [make_audience(owner).pk],
        "export-file": [make_export(owner).pk],
        "privacy-person": ["user", owner.pk],
    }
    more |= {name: [batch.number] for name in ("batch", "batch-approval", "batch-progress")}
    pages = [name for name, (method, _) in MATRIX.items() if method == "get"]
    more |= {name: [draft.pk] for name in pages if name.startswith(("assign", "review"))}
    more["assignment-history"] = [row.learner_id, row.content_id]
    page_urls = [reverse(name, args=more.get(name, [])) for name in pages]
    return [*page_urls, "/login/", "/healthz", "/readyz", "/nothing/here", STATIC]


@pytest.mark.parametrize("role", [None, "manager", "admin"])
def test_every_response_scores_at_least_100(behind_tls, addresses, role):
    client = Client()
    if role:
        client.force_login(make_user(role))

    scores = {address: score(ask(client, address, secure=True)) for address in addresses}

    assert {address: points for address, points in scores.items() if points < 130} == {}


def test_the_score_detects_missing_headers(behind_tls, settings):
    settings.SECURE_CSP = {"default-src": ["*"], "script-src": ["'unsafe-inline'"]}
    settings.SECURE_HSTS_SECONDS = 0
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False

    assert score(Client().get("/login/", secure=True)) < 70


def test_pages_are_not_cached_and_static_files_are(addresses):
    client = Client()
    client.force_login(make_user("admin"))

    kept = {a: ask(client, a)["Cache-Control"] for a in addresses}

    assert "no-store" not in kept.pop(STATIC)
    assert [a for a, says in kept.items() if "no-store" not in says or "private" not in says] == []


def test_cookies_belong_to_this_host_alone(behind_tls):
    client = Client()
    client.get("/login/", secure=True)
    client.post("/login/demo/manager", secure=True)

    session, csrf = client.cookies["__Host-session"], client.cookies["__Host-csrf"]
    for cookie in (session, csrf):
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")


def test_a_foreign_host_name_is_refused():
    response = Client(raise_request_exception=False).get(
        "/login/", headers={"Host": "evil.example"}
    )

    assert response.status_code == 400
    assert b"evil.example" not in response.content
    assert "This request could not be read" in words(response)


def test_a_request_that_is_too_large_is_refused_unread(settings):
    settings.MAX_REQUEST_BYTES = 100
    client = Client()
    client.force_login(make_user("manager"))

    response = client.post("/settings/", {"theme": "x" * 200})

    assert response.status_code == 413
    assert "This is too large" in words(response)


@pytest.mark.parametrize(
    ("times", "role", "address"),
    [(30, "auditor", "/audit/verify/"), (120, None, "/login/demo/nobody")],
)
def test_too_many_requests_are_refused(clock, times, role, address):
    client, other = Client(), Client(REMOTE_ADDR="10.0.0.9")
    if role:
        client.force_login(make_user(role))
        other.force_login(make_user(role))

    def press(somebody):
        return somebody.get(address) if role else somebody.post(address)

    answers = [press(client) for _ in range(times + 1)]

    assert 429 not in {response.status_code for response in answers[:-1]}
    assert (answers[-1].status_code, answers[-1]["Retry-After"]) == (429, "60")
    assert "Wait a minute and try again" in words(answers[-1])
    assert press(other).status_code != 429


def test_csp_reports_are_logged_quoted(caplog):
    body = {
        "document-uri": "http://testserver/people/?q=Elif",
        "violated-directive": "script-src",
        "blocked-uri": "https://evil.example/x.js\nFAKE line",
    }
    client = Client(enforce_csrf_checks=True)

    for report in ({"csp-report": body}, [{"type": "csp-violation", "body": body}], [3], {}):
        response = client.post("/csp-report", json.dumps(report), content_type="application/json")
        assert response.status_code == 204

    messages = [
        record.getMessage() for record in caplog.records if "blocked" in record.getMessage()
    ]
    assert len(messages) == 2
    assert "Elif" not in "".join(messages)
    assert "\n" not in "".join(messages)


def report_with(**fields):
    """Return a report of a browser, as JSON."""
    return json.dumps({"csp-report": fields})


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("no json", 400, id="no JSON"),
        pytest.param("x" * 20_000, 413, id="too long"),
        pytest.param("[" * 16_000, 400, id="deeply nested"),
        pytest.param('{"a":' * 3_000, 400, id="deeply nested objects"),
        pytest.param("9" * 16_000, 400, id="a huge number"),
        pytest.param(b"\xff\xfe\x00", 400, id="no UTF-8"),
        pytest.param("", 400, id="nothing"),
        pytest.param(report_with(**{"document-uri": "http://[::"}), 204, id="a broken address"),
        pytest.param(report_with(documentURL="//\u2100@x"), 204, id="an address no URL may have"),
        pytest.param(report_with(effectiveDirective=[[[]]]), 204, id="a list for a text"),
        pytest.param(
            f'{{"csp-report": {{"blocked-uri": {"[" * 900}{"]" * 900}}}}}', 204, id="a nested list"
        ),
        pytest.param(report_with(blockedURL="\ud800\0"), 204, id="a lone surrogate"),
        pytest.param('{"csp-report": {"document-uri": 1e999}}', 204, id="infinity"),
        pytest.param("[null, 1, [], {}]", 204, id="other types"),
    ],
)
def test_an_invalid_csp_report_is_refused(body, status):
    response = Client().post("/csp-report", body, content_type="application/csp-report")

    assert response.status_code == status
