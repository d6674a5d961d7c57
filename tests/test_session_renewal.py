"""Renewal while the provider is away, back-channel logout, and the length of sign-out URLs."""

import json
from typing import Any

import httpx
import pytest
from django.test import Client

from assignments.models import LogEntry
from dashboard.access import oidc, provider_client
from dashboard.access.models import AccessToken, SignIn, User
from tests.identity_fixtures import approved, sign_in
from tests.identity_provider import Provider, json_response
from tests.test_single_sign_on import actions, is_in, later, matched, words

pytestmark = [pytest.mark.core, pytest.mark.django_db]
HTML = {"Content-Type": "text/html"}
PAGE = b"<!doctype html><title>Maintenance</title>"
# Responses of a provider that is away: they say nothing about the person.
AWAY = {
    "temporarily unavailable": json_response({"error": "temporarily_unavailable"}, 400),
    "server error": json_response({"error": "server_error"}, 400),
    "503 with an error": json_response({"error": "temporarily_unavailable"}, 503),
    "502 with a page": (502, HTML, PAGE),
    "504 without a body": (504, {}, b""),
    "429 with an error": json_response({"error": "slow_down"}, 429),
    "429 without one": json_response({"message": "Slow down."}, 429),
    "429 with a page": (429, HTML, PAGE),
    "408": (408, {}, b""),
    "a page": (200, HTML, PAGE),
    "nothing": (200, {}, b""),
    "half a document": (200, {}, b'{"access_token": "a'),
    "an empty object": json_response({}),
    "another object": json_response({"message": "Please wait."}),
    "a list": json_response(["a"]),
    "null": json_response(None),
    "another encoding": (200, {}, b'{"access_token": "\xff"}'),
    "a thousand brackets": (200, {}, b"[" * 100_000),
    "a redirect": (302, {"Location": "/maintenance"}, b""),
    "304": (304, {}, b""),
    "404 with an error": json_response({"status": 404, "error": "Not Found"}, 404),
}
# Refusals of the person.
REFUSED = {
    "invalid grant": json_response({"error": "invalid_grant"}, 400),
    "access denied": json_response({"error": "access_denied"}, 403),
    "401 without an error": json_response({}, 401),
    "403 with a page": (403, HTML, PAGE),
    "interaction required": json_response({"error": "interaction_required"}, 400),
}


@pytest.mark.parametrize("answer", AWAY.values(), ids=AWAY)
def test_a_provider_that_is_away_signs_nobody_out(
    client: Client, company: Provider, answer: Any
) -> None:
    sign_in(client, company, "priya")
    company.answers = {"token": answer}

    with later(minutes=12):
        assert is_in(client)
    with later(minutes=16):
        page = client.get("/batches/")
        assert (page.status_code, "does not respond" in words(page)) == (503, True)
    company.answers = {}
    with later(minutes=17):
        assert is_in(client)
    assert actions() == ["user.signed_in"]


@pytest.mark.parametrize("path", ["openid_configuration", "jwks", "token"])
@pytest.mark.parametrize("kind", ["huge", "a byte now and then"])
def test_responses_without_end_are_given_up(
    client: Client, company: Provider, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    sign_in(client, company, "priya")
    company.rotate()
    oidc.provider.cache_clear()
    if kind == "huge":
        company.answers = {path: (200, {}, b" " * (provider_client.MAX_BYTES + 1))}
    else:
        monkeypatch.setattr(provider_client, "MAX_SECONDS", 0.1)
        company.pauses = {path: 0.02}

    with later(minutes=11):
        assert is_in(client)

    other = Client()
    started = other.get("/login/start")
    page = (
        other.get(approved(company, started["Location"], "ingrid"))
        if started.status_code == 302
        else started
    )
    assert "does not respond" in words(page)


@pytest.mark.parametrize("path", ["openid_configuration", "jwks"])
@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_documents_that_are_refused_sign_nobody_out(
    client: Client, company: Provider, path: str, status: int
) -> None:
    sign_in(client, company, "priya")
    company.rotate()
    company.answers = {path: (status, HTML, PAGE)}

    oidc.provider.cache_clear()

    with later(minutes=11):
        assert is_in(client)
    assert actions() == ["user.signed_in"]


@pytest.mark.parametrize("path", ["openid_configuration", "jwks"])
@pytest.mark.parametrize("document", [{}, [], "x", None, {"error": "busy"}, {"keys": []}], ids=str)
def test_invalid_documents_sign_nobody_out(
    client: Client, company: Provider, path: str, document: object
) -> None:
    sign_in(client, company, "priya")
    company.rotate()
    company.answers = {path: json_response(document)}
    oidc.provider.cache_clear()

    with later(minutes=11):
        assert is_in(client)
    with later(minutes=16):
        assert client.get("/batches/").status_code == 503


def renew_without_id_tokens(company: Provider) -> None:
    """Let renewals bring no ID token, so that the user info has to confirm the person."""
    company.answers = {"token": json_response({"access_token": "priya", "token_type": "Bearer"})}


@pytest.mark.parametrize("name", [name for name, answer in AWAY.items() if answer[0] != 400])
def test_user_info_that_is_away_signs_nobody_out(
    client: Client, company: Provider, name: str
) -> None:
    sign_in(client, company, "priya")
    renew_without_id_tokens(company)
    company.answers["userinfo"] = AWAY[name]

    with later(minutes=12):
        assert is_in(client)
    assert actions() == ["user.signed_in"]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"answers": {"userinfo": json_response({"sub": "priya"})}}, id="no groups"),
        pytest.param({"metadata": {"userinfo_endpoint": None}}, id="no user info"),
    ],
)
def test_the_browser_renews_if_a_refresh_tells_no_groups(
    client: Client, company: Provider, changed: dict[str, Any]
) -> None:
    sign_in(client, company, "priya")
    renew_without_id_tokens(company)
    company.answers |= changed.get("answers", {})
    company.metadata = changed.get("metadata", {})
    oidc.provider.cache_clear()

    with later(minutes=11):
        assert client.get("/batches/")["Location"] == "/login/renew?next=/batches/"
        assert client.get("/batches/", headers={"HX-Request": "true"}).status_code == 200
        assert company.calls.count("token") == 2
        company.answers = {}
        assert renewed_by_browser(client)["Location"] == "/batches/?tab=done"
        assert is_in(client)
    assert actions() == ["user.signed_in"]


def test_user_info_of_another_person_ends_the_session(client: Client, company: Provider) -> None:
    sign_in(client, company, "priya")
    renew_without_id_tokens(company)
    company.answers["userinfo"] = json_response({"sub": "ruth", "groups": ["ld"]})

    with later(minutes=11):
        assert not is_in(client)


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_a_refused_renewal_ends_the_session(client: Client, company: Provider, answer: Any) -> None:
    sign_in(client, company, "priya")
    company.answers = {"token": answer}

    with later(minutes=12):
        assert not is_in(client)
    assert actions() == ["user.signed_in", "user.signed_out"]


def test_an_outage_is_not_waited_for_at_every_page(client: Client, company: Provider) -> None:
    sign_in(client, company, "priya")
    company.is_down = True

    with later(minutes=11):
        assert [is_in(client) for _ in range(3)] == [True] * 3
        assert company.calls.count("token") == 2
    with later(minutes=12.5):
        assert is_in(client)
        assert company.calls.count("token") == 3


def renewed_by_browser(client: Client, address: str = "/batches/?tab=done") -> Any:
    """Let the browser renew the session on the way to a page; return the callback's response."""
    page = client.get(client.get(address)["Location"]).content.decode()
    url = matched('content="0;url=([^"]+)"', page)
    return client.get(httpx.get(url).headers["Location"])


@pytest.mark.parametrize("error", ["temporarily_unavailable", "server_error"])
def test_the_browser_goes_on_while_the_provider_is_away(
    client: Client, company: Provider, error: str
) -> None:
    company.gives_refresh_tokens = False
    sign_in(client, company, "priya")
    company.refuses = error

    with later(minutes=11):
        assert renewed_by_browser(client)["Location"] == "/batches/?tab=done"
        assert is_in(client)
    with later(minutes=16):
        page = renewed_by_browser(client)
        assert (page.status_code, "does not respond" in words(page)) == (503, True)
    company.refuses = ""
    with later(minutes=17):
        assert renewed_by_browser(client)["Location"] == "/batches/?tab=done"
        assert is_in(client)
    assert actions() == ["user.signed_in"]


@pytest.mark.parametrize("error", ["login_required", "access_denied", "consent_required"])
def test_the_browser_is_signed_out_if_the_provider_refuses(
    client: Client, company: Provider, error: str
) -> None:
    company.gives_refresh_tokens = False
    sign_in(client, company, "priya")
    company.refuses = error

    with later(minutes=11):
        assert "ended=1" in renewed_by_browser(client)["Location"]
        assert not is_in(client)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_browser_goes_on_if_the_provider_goes_away(
    client: Client, company: Provider, moment: str
) -> None:
    company.gives_refresh_tokens = False
    sign_in(client, company, "priya")

    with later(minutes=11):
        renewal = client.get("/batches/?tab=done")["Location"]
        company.answers = {"openid_configuration": AWAY["502 with a page"]}
        company.answers |= {"token": AWAY["504 without a body"]}
        if moment == "after":
            page = client.get(renewal).content.decode()
            back = httpx.get(matched('content="0;url=([^"]+)"', page)).headers["Location"]
            assert client.get(back)["Location"] == "/batches/?tab=done"
        else:
            oidc.provider.cache_clear()
            assert client.get(renewal)["Location"] == "/batches/?tab=done"
        assert is_in(client)


# --- Ids of the provider's sessions ------------------------------------------------------------


@pytest.mark.parametrize("has_refresh_token", [True, False])
def test_a_new_sid_is_stored_at_renewal(
    client: Client, company: Provider, has_refresh_token: bool
) -> None:
    company.gives_refresh_tokens = has_refresh_token
    sign_in(client, company, "priya")
    company.claims = {"sid": "new"}

    with later(minutes=11):
        assert is_in(client) if has_refresh_token else renewed_by_browser(client)
        assert SignIn.objects.get().provider_session == "new"
        client.post("/login/ended", {"logout_token": company.logout_token(sid="new")})
        assert not is_in(client)


def test_a_renewal_without_a_sid_keeps_the_one_before(client: Client, company: Provider) -> None:
    sign_in(client, company, "priya")
    before = SignIn.objects.get().provider_session
    company.claims = {"sid": None}

    with later(minutes=11):
        assert is_in(client)
    assert SignIn.objects.get().provider_session == before != ""


# --- Back-channel logout -----------------------------------------------------------------------


def make_token(client: Client) -> None:
    """Create an access token of the person who is signed in."""
    client.post("/settings/tokens/", {"name": "nightly", "days": "30"})


def end(client: Client, company: Provider, **claims: Any) -> int:
    """Send a logout token and return the status."""
    token = company.logout_token(**claims)
    return client.post("/login/ended", {"logout_token": token}).status_code


@pytest.mark.parametrize("sid", ["unknown", None])
def test_a_logout_of_a_person_ends_all_their_access(
    client: Client, company: Provider, caplog: pytest.LogCaptureFixture, sid: str | None
) -> None:
    other, third = Client(), Client()
    sign_in(client, company, "ingrid")
    sign_in(other, company, "ingrid")
    sign_in(third, company, "ruth")
    make_token(client)
    make_token(third)

    assert end(client, company, sid=sid, sub="ingrid") == 200

    assert [is_in(browser) for browser in (client, other, third)] == [False, False, True]
    assert AccessToken.objects.get().user.subject == "ruth"
    assert actions()[-3:] == ["session.ended", "session.ended", "access_token.revoked"]
    reasons = [
        json.loads(bytes(entry.body))["detail"]["reason"]
        for entry in LogEntry.objects.order_by("-seq")[:3]
    ]
    assert reasons == ["signed out at the identity provider"] * 3
    ingrid = User.objects.get(subject="ingrid").pk
    assert f"ended 2 sessions and 1 access tokens of user/{ingrid}." in caplog.text
    assert "ingrid" not in caplog.text.lower()


def test_a_logout_of_one_session_keeps_the_rest(client: Client, company: Provider) -> None:
    other = Client()
    sign_in(client, company, "ingrid")
    sign_in(other, company, "ingrid")
    make_token(client)
    sid = SignIn.objects.order_by("pk")[0].provider_session

    assert end(client, company, sid=sid, sub="ingrid") == 200

    assert [is_in(browser) for browser in (client, other)] == [False, True]
    assert AccessToken.objects.count() == 1


@pytest.mark.parametrize("how", ["signed out", "ended by an administrator", "expired"])
def test_the_end_of_a_session_that_ended_here_is_no_news(
    client: Client, company: Provider, how: str
) -> None:
    other = Client()
    sign_in(client, company, "ingrid")
    sid = SignIn.objects.get().provider_session
    if how == "signed out":
        client.post("/logout/")
    elif how == "expired":
        SignIn.objects.update(expires_at="2000-01-01T00:00:00Z")
    else:
        admin = Client()
        sign_in(admin, company, "ruth")
        admin.post(f"/sessions/{User.objects.get(subject='ingrid').pk}/end")
    sign_in(other, company, "ingrid")
    make_token(other)

    assert end(client, company, sid=sid, sub="ingrid") == 200

    assert is_in(other)
    assert AccessToken.objects.count() == 1


@pytest.mark.parametrize(
    "claims", [{"sid": "unknown"}, {"sub": "nobody"}, {"sid": "x", "sub": "y"}]
)
def test_a_logout_of_nobody_known_ends_nothing(
    client: Client, company: Provider, claims: dict[str, str]
) -> None:
    sign_in(client, company, "priya")

    assert end(client, company, **claims) == 200
    assert is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        {"events": None},
        {"events": []},
        {"events": "http://schemas.openid.net/event/backchannel-logout"},
        {"events": 7},
        {"jti": None},
        {"jti": ["a"]},
        {"jti": "\ud800"},
        {"jti": {}},
        {"iat": float("-inf")},
        {"iat": float("nan")},
        {"jti": "j" * 9000},
        {"iat": "now"},
        {"iat": None},
        {"iat": True},
        {"sid": "a\0b", "sub": None},
        {"sid": ["a"], "sub": {}},
        {"sub": "\0"},
        {"aud": {}},
        {"iss": None},
    ],
    ids=lambda claims: str(claims)[:60],
)
def test_hostile_logout_tokens_are_handled(
    client: Client, company: Provider, claims: dict[str, Any]
) -> None:
    sign_in(client, company, "ruth")

    assert end(client, company, **({"sub": "priya"} | claims)) in {200, 400}
    assert is_in(client)


# --- Signing out -------------------------------------------------------------------------------


def sign_out_url(client: Client) -> str:
    """Sign out and return the URL that ends the session at the provider; empty without one."""
    response = client.post("/logout/")
    if response.status_code == 302:
        return ""
    return str(matched('content="0;url=([^"]+)"', response.content.decode()))


@pytest.mark.parametrize(("groups", "has_hint"), [(1, True), (200, False)])
def test_a_sign_out_url_has_at_most_2000_characters(
    client: Client, company: Provider, groups: int, has_hint: bool
) -> None:
    company.people["priya"]["groups"] = ["ld", *(f"group-{number}" for number in range(groups))]
    sign_in(client, company, "priya")

    url = sign_out_url(client)

    assert len(url) <= 2000
    assert ("id_token_hint" in url) is has_hint
    for part in ("client_id=", "post_logout_redirect_uri=", "state="):
        assert part in url


def test_an_endpoint_that_is_too_long_is_not_used(client: Client, company: Provider) -> None:
    company.metadata = {"end_session_endpoint": f"{company.url}/logout?x={'x' * 2000}"}
    sign_in(client, company, "priya")

    assert sign_out_url(client) == ""
    assert not SignIn.objects.exists()


@pytest.mark.parametrize("status", [403, 404, 500])
def test_signing_out_works_without_metadata(client: Client, company: Provider, status: int) -> None:
    sign_in(client, company, "priya")
    company.answers = {"openid_configuration": (status, HTML, PAGE)}

    oidc.provider.cache_clear()

    assert sign_out_url(client) == ""
    assert not SignIn.objects.exists()
