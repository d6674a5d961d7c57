"""Sign-in through providers whose documents are wrong or unusual."""

import json
from typing import Any

import pytest
from django.test import Client
from joserfc.jwk import ECKey

from assignments.models import LogEntry
from dashboard.access import doctor
from dashboard.access.models import SignIn, User
from tests.hostile_provider import CLAIMS, KEY_SETS, LDAP, SKIPPED, Claims, KeySet
from tests.identity_fixtures import begin, sign_in
from tests.identity_provider import CLIENT_ID, Provider, new_key, signed
from tests.test_single_sign_on import is_in, later, words

pytestmark = [pytest.mark.core, pytest.mark.django_db]

PRIYA: dict[str, Any] = {
    "subject": "priya",
    "name": "Priya Mehta",
    "email": "priya@northwind.example",
    "roles": ["manager"],
    "groups": ["ld"],
}


def publish(company: Provider, key_set: KeySet) -> None:
    """Let the provider publish a key set and sign with the right key."""
    jwk = dict(company.key.as_dict(private=False)) | {"kid": "right"}
    company.jwk_set = key_set.published(jwk)
    kid = {"kid": key_set.kid} if key_set.kid else {}
    company.sign = lambda claims: signed(claims, company.key, **kid)


@pytest.mark.parametrize("key_set", KEY_SETS, ids=str)
def test_keys_that_are_not_understood_stop_nobody(
    client: Client, company: Provider, key_set: KeySet
) -> None:
    publish(company, key_set)

    response = sign_in(client, company, "priya")

    assert is_in(client) is key_set.is_usable
    assert response.status_code == (302 if key_set.is_usable else 403)
    assert key_set.is_usable or "could not be trusted" in words(response)


def test_keys_that_are_not_understood_sign_nobody_out(client: Client, company: Provider) -> None:
    sign_in(client, company, "priya")
    company.rotate()
    jwk = company.key.as_dict(private=False)
    company.jwk_set = {"keys": [*SKIPPED.values(), jwk]}

    with later(minutes=11):
        assert is_in(client)
    assert company.calls.count("token") == 2


def test_a_token_may_bring_the_certificates_of_its_key(client: Client, company: Provider) -> None:
    chain = ["A" * 1_600] * 3
    company.sign = lambda claims: signed(claims, company.key, kid=company.key.kid, x5c=chain)

    sign_in(client, company, "priya")

    assert is_in(client)


def test_rotated_keys_without_an_id_are_fetched(client: Client, company: Provider) -> None:
    without_id = next(key_set for key_set in KEY_SETS if str(key_set) == "one key without an id")
    publish(company, without_id)
    sign_in(client, company, "ingrid")
    company.rotate()
    publish(company, without_id)

    sign_in(Client(), company, "priya")

    assert User.objects.count() == 2


@pytest.mark.parametrize("kid", ["other", None])
@pytest.mark.parametrize("header", [{}, {"jku": "https://x.example"}])
def test_a_token_cannot_bring_its_own_key(
    client: Client, company: Provider, header: dict[str, Any], kid: str | None
) -> None:
    other = ECKey.generate_key("P-256")
    own = {"jwk": dict(other.as_dict(private=False))} | ({"kid": kid} if kid else {})
    company.sign = lambda claims: signed(claims, other, alg="ES256", **own, **header)

    assert "could not be trusted" in words(sign_in(client, company, "priya"))
    assert not User.objects.exists()


@pytest.mark.parametrize("kind", CLAIMS, ids=str)
def test_claims_are_read_leniently_and_checked(
    client: Client, company: Provider, settings: Any, kind: Claims
) -> None:
    settings.OIDC_ROLE_CLAIM = kind.role_claim
    settings.OIDC_MANAGER_VALUES = ["ld", LDAP]
    company.claims = dict(kind.claims)

    response = sign_in(client, company, "priya")

    assert kind.page in words(response)
    assert is_in(client) is not bool(kind.page)
    expected = PRIYA | kind.user
    users = list(User.objects.values(*expected))
    assert users == ([] if kind.page else [expected])


def test_claims_are_checked_at_renewal_too(client: Client, company: Provider) -> None:
    sign_in(client, company, "priya")
    company.claims = {"name": "Pri\0ya"}

    with later(minutes=11):
        response = client.get("/batches/")

    assert response["Location"] == "/login/?next=/batches/&ended=1"
    assert User.objects.get().name == "Priya Mehta"


def test_left_out_groups_are_named_in_both_logs(
    client: Client, company: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    company.claims = {"groups": [], "hasgroups": True}

    response = sign_in(client, company, "priya")

    assert "let it send Assignment Desk only the groups that are assigned to it" in words(response)
    assert json.loads(bytes(LogEntry.objects.get().body))["detail"] == {"reason": "too many groups"}
    assert "app roles with OIDC_ROLE_CLAIM=roles" in caplog.text
    assert "priya" not in caplog.text.lower()


@pytest.mark.parametrize("is_wanted", [True, False])
def test_asking_for_offline_access_can_be_switched_off(
    client: Client, company: Provider, settings: Any, is_wanted: bool
) -> None:
    settings.OIDC_OFFLINE_ACCESS = is_wanted

    assert ("offline_access" in begin(client)) is is_wanted


# --- Signed user info ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "is_accepted"),
    [
        pytest.param({}, True, id="neither issuer nor audience"),
        pytest.param({"aud": CLIENT_ID}, True, id="our audience"),
        pytest.param({"aud": ["x", CLIENT_ID]}, True, id="ours among audiences"),
        pytest.param({"aud": "another-site"}, False, id="another audience"),
        pytest.param({"iss": "https://evil.example"}, False, id="another issuer"),
        pytest.param({"exp": 1}, False, id="expired"),
        pytest.param({"sub": "ruth"}, False, id="another person"),
        pytest.param({"sub": None}, False, id="nobody"),
    ],
)
def test_signed_user_info_is_verified(
    client: Client, company: Provider, changed: dict[str, Any], is_accepted: bool
) -> None:
    company.claims = {"groups": ""}
    company.sign_user_info = lambda claims: company.signed(claims | changed)

    sign_in(client, company, "priya")

    assert is_in(client) is is_accepted
    assert User.objects.exists() is is_accepted


@pytest.mark.parametrize("text", ["", "no token", "a.b.c", "a.b.c.d.e"])
def test_unreadable_signed_user_info_is_refused(
    client: Client, company: Provider, text: str
) -> None:
    company.claims = {"groups": ""}
    company.sign_user_info = lambda _: text

    assert "could not be trusted" in words(sign_in(client, company, "priya"))


def test_user_info_signed_by_another_key_is_refused(client: Client, company: Provider) -> None:
    company.claims = {"groups": ""}
    other = new_key()
    company.sign_user_info = lambda claims: signed(claims, other, kid=company.key.kid)

    assert "could not be trusted" in words(sign_in(client, company, "priya"))


# --- Metadata --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["end_session_endpoint", "scopes_supported", "userinfo_endpoint"])
def test_null_metadata_is_absent(client: Client, company: Provider, name: str) -> None:
    company.metadata = {name: None}
    sign_in(client, company, "priya")
    assert is_in(client)

    response = client.post("/logout/")

    assert (response.status_code == 302) is (name == "end_session_endpoint")
    assert not SignIn.objects.exists()


UNUSABLE_URLS = [
    "",
    7,
    ["https://id.example/x"],
    "http://id.example/x",
    "javascript:alert(1)",
    "https:///x",
    "https://[::1/x",
    "https://id..example/x",
    "https://id.example:99999/x",
    "https://id.example/\n",
    "https://id.example/\ud800",
]


@pytest.mark.parametrize("name", ["end_session_endpoint", "userinfo_endpoint"])
@pytest.mark.parametrize("url", UNUSABLE_URLS, ids=ascii)
def test_an_optional_endpoint_that_is_unusable_is_absent(
    client: Client, company: Provider, name: str, url: object
) -> None:
    company.metadata = {name: url}

    sign_in(client, company, "priya")

    assert is_in(client)
    assert client.post("/logout/").status_code == (302 if name == "end_session_endpoint" else 200)
    assert f"its {name} is no complete address" in doctor.check_sign_in()[1]


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("url", UNUSABLE_URLS, ids=ascii)
def test_an_endpoint_that_everybody_needs_is_named_if_it_is_unusable(
    client: Client, company: Provider, name: str, url: object
) -> None:
    company.metadata = {name: url}

    assert "could not be trusted" in words(client.get("/login/start"))
    assert f"its {name} is {url!r}, not a complete address" in doctor.check_sign_in()[1]


@pytest.mark.parametrize(
    "tokens",
    [{"expires_in": float("inf")}, {"expires_in": "soon"}, {"token_type": 7}, {"id_token": [1]}],
    ids=str,
)
def test_odd_members_of_a_token_response_get_a_helpful_page(
    client: Client, company: Provider, tokens: dict[str, Any]
) -> None:
    company.token_members = tokens

    assert sign_in(client, company, "priya").status_code in {302, 403}


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": None},
        {"issuer": 7},
        {"issuer": ["x"]},
        {"token_endpoint": 7},
        {"token_endpoint": ""},
        {"authorization_endpoint": {}},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_broken_metadata_gets_a_helpful_page(
    client: Client, company: Provider, metadata: dict[str, Any]
) -> None:
    company.metadata = metadata

    response = client.get("/login/start")
    if response.status_code == 302:
        response = sign_in(client, company, "priya")

    assert response.status_code == 403
    assert "could not be trusted" in words(response)


def test_null_tokens_are_absent(client: Client, company: Provider) -> None:
    company.token_members = {"refresh_token": None}
    sign_in(client, company, "priya")

    with later(minutes=11):
        assert client.get("/batches/")["Location"] == "/login/renew?next=/batches/"


# --- Doctor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "is_ready", "sentence"),
    [
        ({"metadata": {"end_session_endpoint": None}}, True, "leaves people signed in there"),
        ({"metadata": {"claims_supported": ["sub"]}}, True, "does not list the claim groups"),
        ({"jwk_set": {"keys": [SKIPPED["a symmetric key"]]}}, False, "publishes 1 keys"),
        ({"jwk_set": {"keys": None}}, False, "publishes 0 keys"),
    ],
)
def test_doctor_names_what_is_wrong_at_the_provider(
    company: Provider, changed: dict[str, Any], is_ready: bool, sentence: str
) -> None:
    vars(company).update(changed)

    assert doctor.check_sign_in()[0] is is_ready
    assert sentence in doctor.check_sign_in()[1]


def test_doctor_counts_keys_that_are_not_used(company: Provider) -> None:
    jwk = company.key.as_dict(private=False)
    company.jwk_set = {"keys": [*SKIPPED.values(), jwk]}

    message = doctor.check_sign_in()[1]

    assert f"{len(SKIPPED)} of its {len(SKIPPED) + 1} keys are not used here" in message


@pytest.mark.parametrize(
    ("is_wanted", "means"), [(True, "a refresh token"), (False, "the browser")]
)
def test_doctor_says_how_sessions_are_confirmed(
    company: Provider, settings: Any, is_wanted: bool, means: str
) -> None:
    settings.OIDC_OFFLINE_ACCESS = is_wanted

    assert f"every 10 minutes by {means}" in doctor.check_sign_in()[1]


def test_doctor_names_pieces_of_an_ldap_name(company: Provider, settings: Any) -> None:
    settings.OIDC_AUDITOR_VALUES = LDAP.split(",")
    is_ready, message = doctor.check_sign_in()
    assert (is_ready, "'OU=Groups', which looks like a piece" in message) == (False, True)

    settings.OIDC_AUDITOR_VALUES = [LDAP, "OU=Groups,DC=example"]
    assert doctor.check_sign_in()[0]
