"""Single sign-on through the identity provider: success, failures, renewal and logout."""

import base64
import json
import re
import time
from datetime import UTC, datetime

import httpx
import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from assignments.models import LogEntry
from dashboard.access.models import SignIn, User
from tests.identity_fixtures import approved, begin, sign_in
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET

pytestmark = pytest.mark.django_db


def words(response):
    """Return the text of a page, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def actions():
    """Return the actions in the log, oldest first."""
    return list(LogEntry.objects.order_by("seq").values_list("action", flat=True))


def later(**how_long):
    """Return the current clock moved forward, still running."""
    moved = datetime.fromtimestamp(time.time() + how_long.pop("minutes") * 60, UTC)
    return time_machine.travel(moved, tick=True)


def matched(pattern, text):
    """Return what the group of the pattern matches; it must match."""
    match = re.search(pattern, text)
    assert match
    return match[1].replace("&amp;", "&")


def is_in(client):
    """Return whether the client is signed in."""
    return client.get("/batches/").status_code == 200


@pytest.mark.parametrize(
    ("person", "roles", "sees"),
    [
        ("priya", ["manager"], "/"),
        ("ingrid", ["auditor"], "/audit/"),
        ("ruth", ["admin"], "/audit/"),
    ],
)
def test_each_group_gets_its_role(client, company, person, roles, sees):
    reply = sign_in(client, company, person, "/batches/?tab=done")

    user = User.objects.get()
    assert (reply.status_code, reply["Location"]) == (302, "/batches/?tab=done")
    assert (user.issuer, user.subject, user.roles) == (company.url, person, roles)
    assert client.get("/", follow=True).request["PATH_INFO"] == sees
    assert actions() == ["user.signed_in"]


def test_an_authorization_request_is_bound_to_the_browser(client, company):
    address = begin(client)

    assert address.startswith(f"{company.url}/authorize?")
    for part in ("response_type=code", "code_challenge_method=S256", "state=", "nonce="):
        assert part in address
    assert "scope=openid+profile+email+offline_access" in address
    other = Client()
    assert "used already" in words(other.get(approved(company, address, "priya")))
    assert not User.objects.exists()


def forged(company):
    """Return a token signed by another key under the id of the provider's key."""
    key = RSAKey.generate_key(2048, {"kid": company.key.kid})
    return lambda claims: jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def unsigned(_):
    """Return a token without a signature."""

    def part(content):
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    return lambda claims: f"{part({'alg': 'none'})}.{part(claims)}."


def by_our_secret(_):
    """Return a token signed with the client secret."""
    key = OctKey.import_key(CLIENT_SECRET)
    return lambda claims: jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": "another-site"}, id="wrong audience"),
        pytest.param({"aud": "another-site", "azp": CLIENT_ID}, id="wrong audience, our party"),
        pytest.param({"aud": [CLIENT_ID, "x"], "azp": "x"}, id="another party"),
        pytest.param({"iss": "https://evil.example"}, id="wrong issuer"),
        pytest.param({"exp": NOW - 7200, "iat": NOW - 9000}, id="expired"),
        pytest.param({"iat": NOW + 7200, "exp": NOW + 9000}, id="from the future"),
        pytest.param({"nonce": "another"}, id="wrong nonce"),
        pytest.param({"nonce": ""}, id="no nonce"),
        pytest.param({"sub": ""}, id="nobody"),
    ],
)
def test_an_invalid_id_token_is_refused(client, company, claims):
    company.claims = claims

    reply = sign_in(client, company, "priya")

    assert reply.status_code == 403
    assert "could not be trusted" in words(reply)
    assert "Reference" in words(reply)
    assert not is_in(client)
    assert not User.objects.exists()


@pytest.mark.parametrize("lie", [forged, unsigned, by_our_secret])
def test_a_forged_signature_is_refused(client, company, lie):
    company.metadata = {"id_token_signing_alg_values_supported": ["RS256", "none", "HS256"]}
    company.sign = lie(company)

    assert "could not be trusted" in words(sign_in(client, company, "priya"))
    assert not is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": NOW - 20, "iat": NOW - 320}, id="their clock is behind"),
        pytest.param({"iat": NOW + 30, "exp": NOW + 330}, id="their clock is ahead"),
    ],
)
def test_a_small_clock_skew_is_accepted(client, company, claims):
    moved = {name: value + int(time.time()) - NOW for name, value in claims.items()}
    company.claims = moved

    sign_in(client, company, "priya")

    assert is_in(client)


def test_new_keys_of_the_provider_are_fetched(client, company):
    sign_in(client, company, "ingrid")
    company.rotate()

    sign_in(Client(), company, "priya")

    assert User.objects.count() == 2
    assert company.calls.count("jwks") == 2
    assert company.calls.count("openid_configuration") == 1


def test_a_provider_with_another_issuer_is_not_trusted(client, company):
    company.metadata = {"issuer": "https://evil.example"}

    reply = client.get("/login/start")

    assert reply.status_code == 403
    assert "could not be trusted" in words(reply)


def test_a_callback_works_once(client, company):
    back = approved(company, begin(client), "priya")
    client.get(back)
    client.post("/logout/")

    reply = client.get(back)

    assert reply.status_code == 400
    assert "used already or is too old" in words(reply)
    assert not is_in(client)


def test_a_code_that_was_used_is_refused(client, company):
    first = begin(client)
    used = approved(company, first, "priya")
    client.get(used)
    client.post("/logout/")
    company.replays_code = matched("code=([^&]+)", used)

    reply = sign_in(client, company, "priya")

    assert "used already or is too old" in words(reply)
    assert not is_in(client)


def test_a_refusal_by_the_provider_gets_a_helpful_page(client, company):
    company.refuses = "access_denied"
    back = httpx.get(begin(client)).headers["Location"]
    reply = client.get(back)

    assert reply.status_code == 403
    assert "sign-in refused" in words(reply)
    assert "another account" in words(reply)
    assert "ld@northwind.example" in words(reply)
    assert b"<b>no" not in reply.content


@pytest.mark.parametrize("when", ["at the start", "on the way back"])
def test_an_unavailable_provider_gets_a_helpful_page(client, company, when):
    if when == "at the start":
        company.is_down = True
        reply = client.get("/login/start")
    else:
        back = approved(company, begin(client), "priya")
        company.is_down = True
        reply = client.get(back)

    assert reply.status_code == 503
    assert "does not respond" in words(reply)
    assert "Try again in a minute" in words(reply)


def test_a_sign_in_without_a_role_says_whom_to_ask(client, company):
    reply = sign_in(client, company, "tom")

    assert reply.status_code == 403
    assert "Your account has no role here" in words(reply)
    assert "Ask the L&amp;D desk, ld@northwind.example" in words(reply)
    assert not User.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.action, entry.actor) == ("user.sign_in_refused", "visitor")
    assert b"tom@northwind" not in bytes(entry.body)


def test_an_address_that_is_not_verified_is_refused(client, company):
    reply = sign_in(client, company, "uma")

    assert reply.status_code == 403
    assert "address is not verified" in words(reply)
    assert "to verify" in words(reply)
    assert actions() == ["user.sign_in_refused"]


def test_a_deactivated_user_cannot_sign_in(client, company):
    sign_in(client, company, "priya")
    User.objects.update(is_active=False)

    reply = sign_in(Client(), company, "priya")

    assert "Your access was closed" in words(reply)


def test_issuer_and_subject_identify_a_user(client, company):
    sign_in(client, company, "priya")
    company.people["priya"]["email"] = "priya.shah@northwind.example"
    sign_in(Client(), company, "priya")
    company.people["other"] = dict(company.people["priya"])
    sign_in(Client(), company, "other")

    people = list(User.objects.order_by("pk").values_list("subject", "email"))
    assert people == [
        ("priya", "priya.shah@northwind.example"),
        ("other", "priya.shah@northwind.example"),
    ]


def test_roles_are_read_again_at_each_sign_in(client, company):
    sign_in(client, company, "priya")
    company.people["priya"]["groups"] = ["audit", "it"]
    sign_in(Client(), company, "priya")

    assert User.objects.get().roles == ["auditor", "admin"]
    assert actions() == ["user.signed_in", "user.roles_changed", "user.signed_in"]


def test_roles_may_come_from_the_user_info(client, company):
    company.claims = {"groups": ""}

    sign_in(client, company, "priya")

    assert User.objects.get().roles == ["manager"]


def test_signing_out_ends_the_session_at_the_provider_too(client, company):
    sign_in(client, company, "priya")

    reply = client.post("/logout/")

    url = matched('content="0;url=([^"]+)"', reply.content.decode())
    assert url.startswith(f"{company.url}/logout?id_token_hint=ey")
    assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Flogin%2F" in url
    assert not is_in(client)
    assert not SignIn.objects.exists()


def test_signing_out_works_while_the_provider_is_down(client, company):
    sign_in(client, company, "priya")
    company.is_down = True

    client.post("/logout/")

    assert not is_in(client)


def test_without_a_provider_its_pages_do_not_exist(client):
    for address in ("/login/start", "/login/callback"):
        assert client.get(address).status_code == 404


# --- Renewal --------------------------------------------------------------------------------


def test_a_renewal_confirms_the_session_and_updates_roles(client, company):
    sign_in(client, company, "priya")
    company.people["priya"]["groups"] = ["audit"]

    with later(minutes=9):
        assert is_in(client)
        assert company.calls.count("token") == 1
    with later(minutes=11):
        assert client.post("/assign/new").status_code == 403
        assert is_in(client)

    assert company.calls.count("token") == 2
    assert User.objects.get().roles == ["auditor"]
    assert actions() == ["user.signed_in", "user.roles_changed"]


def test_a_person_who_left_is_signed_out_within_15_minutes(client, company):
    sign_in(client, company, "priya")
    company.forget("priya")

    with later(minutes=11):
        reply = client.get("/batches/")

    assert reply["Location"] == "/login/?next=/batches/&ended=1"
    assert not Session.objects.filter(session_key__in=SignIn.objects.values("session_key")).exists()
    assert actions() == ["user.signed_in", "user.signed_out"]


def test_losing_the_last_role_ends_the_session(client, company):
    sign_in(client, company, "priya")
    company.people["priya"]["groups"] = []

    with later(minutes=11):
        assert not is_in(client)

    assert User.objects.get().roles == []
    assert actions() == ["user.signed_in", "user.sign_in_refused", "user.signed_out"]


def test_sessions_end_while_the_provider_is_down(client, company):
    sign_in(client, company, "priya")
    company.is_down = True

    with later(minutes=12):
        assert is_in(client)
    with later(minutes=16):
        reply = client.get("/batches/")
        assert (reply.status_code, "does not respond" in words(reply)) == (503, True)
    company.is_down = False
    with later(minutes=17):
        assert is_in(client)


def test_concurrent_requests_renew_once(client, company):
    sign_in(client, company, "priya")
    SignIn.objects.update(renewal_lease_until=datetime.fromtimestamp(time.time() + 3600, UTC))

    with later(minutes=11):
        assert is_in(client)

    assert company.calls.count("token") == 1


def test_a_request_uses_the_renewal_of_another(client, company):
    sign_in(client, company, "priya")

    with later(minutes=20):
        SignIn.objects.update(confirmed_at=datetime.now(UTC))
        assert is_in(client)

    assert company.calls.count("token") == 1


def test_without_a_refresh_token_the_browser_renews(client, company):
    company.gives_refresh_tokens = False
    sign_in(client, company, "priya")

    with later(minutes=11):
        assert client.post("/assign/new").status_code == 302
        renewal = client.get("/batches/?tab=done")
        assert renewal["Location"] == "/login/renew?next=/batches/%3Ftab%3Ddone"
        page = client.get(renewal["Location"]).content.decode()
        url = matched('content="0;url=([^"]+)"', page)
        assert "prompt=none" in url
        back = client.get(httpx.get(url).headers["Location"])
        assert back["Location"] == "/batches/?tab=done"
        assert is_in(client)
    assert actions() == ["user.signed_in"]


def test_a_failed_renewal_by_the_browser_ends_the_session(client, company):
    company.gives_refresh_tokens = False
    sign_in(client, company, "priya")
    company.remembers = ""

    with later(minutes=16):
        part = client.get("/people/", headers={"HX-Request": "true"})
        assert (part.status_code, part["HX-Redirect"]) == (401, "/login/renew?next=/people/")
        page = client.get(part["HX-Redirect"]).content.decode()
        url = matched('content="0;url=([^"]+)"', page)
        reply = client.get(httpx.get(url).headers["Location"])
        assert reply["Location"] == "/login/?next=/people/&ended=1"
        assert not is_in(client)


# --- Back-channel logout ---------------------------------------------------------------------


def test_the_provider_ends_one_session(client, company):
    other = Client()
    sign_in(client, company, "priya")
    sign_in(other, company, "priya")
    sid = SignIn.objects.order_by("pk").values_list("provider_session", flat=True)[0]

    reply = Client(enforce_csrf_checks=True).post(
        "/login/ended", {"logout_token": company.logout_token(sid=sid)}
    )

    assert reply.status_code == 200
    assert (is_in(client), is_in(other)) == (False, True)
    assert actions()[-1] == "session.ended"


def test_the_provider_ends_every_session_of_a_person(client, company):
    other, third = Client(), Client()
    sign_in(client, company, "priya")
    sign_in(other, company, "priya")
    sign_in(third, company, "ruth")

    client.post("/login/ended", {"logout_token": company.logout_token(sub="priya")})

    assert (is_in(client), is_in(other), is_in(third)) == (False, False, True)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": "another-site"}, id="wrong audience"),
        pytest.param({"iss": "https://evil.example"}, id="wrong issuer"),
        pytest.param({"events": {}}, id="no logout"),
        pytest.param({"nonce": "n"}, id="an ID token"),
        pytest.param({"sub": None}, id="of nobody"),
        pytest.param({"jti": None}, id="without a number"),
        pytest.param({"iat": NOW - 9000, "exp": NOW + 9000}, id="old"),
    ],
)
def test_an_invalid_logout_token_ends_nothing(client, company, claims):
    sign_in(client, company, "priya")

    token = company.logout_token(**({"sub": "priya"} | claims))
    reply = client.post("/login/ended", {"logout_token": token})

    assert reply.status_code == 400
    assert is_in(client)


def test_a_logout_token_works_once(client, company):
    token = company.logout_token(sub="priya")
    client.post("/login/ended", {"logout_token": token})
    sign_in(client, company, "priya")

    assert client.post("/login/ended", {"logout_token": token}).status_code == 400
    assert client.post("/login/ended", {"logout_token": "x.y.z"}).status_code == 400
    assert is_in(client)
