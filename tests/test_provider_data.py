"""Any JSON that an identity provider sends is read or refused, and never breaks a page."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.access import oidc
from dashboard.access.id_token_claims import identity_from_claims
from dashboard.access.oidc_errors import UntrustedProviderData
from dashboard.access.provider_data import text_of, texts_of, value_at
from dashboard.access.provider_keys import usable_keys
from tests.identity_fixtures import begin, sign_in
from tests.identity_provider import Provider, json_response

NAMES = st.sampled_from(["sub", "name", "email", "email_verified", "groups", "sid", "keys", "a.b"])
TEXTS = st.text(max_size=300) | st.sampled_from(["ld", "\0", "\ud800", "\u202e", "priya", ""])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
JSON = st.recursive(
    LEAVES,
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(NAMES | TEXTS, children, max_size=4)
    ),
    max_leaves=12,
)
CLAIMS = st.dictionaries(NAMES, JSON, max_size=8)
JWK = st.fixed_dictionaries(
    {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct", "AKP"]) | JSON},
    optional={
        name: st.sampled_from(["AQAB", "AAAA", "sig", "P-256", "RS256", "verify"]) | JSON
        for name in ("n", "e", "d", "x", "y", "crv", "k", "use", "alg", "kid", "key_ops", "x5c")
    },
)
# A live provider answers each example; the fixtures hold nothing that an example changes.
LIVE = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(CLAIMS)
def test_any_claims_are_read_or_refused(claims: dict[str, Any]) -> None:
    try:
        identity = identity_from_claims(claims)
    except UntrustedProviderData:
        return

    stored = (identity.subject, identity.name, identity.email, *identity.groups)
    assert all(text.replace("\u200c", "").replace("\u200d", "").isprintable() for text in stored)
    assert "\0".join(stored).encode().count(b"\0") == len(stored) - 1
    assert 0 < len(identity.subject) <= 255
    assert len(identity.email) <= 254
    assert 0 < len(identity.name) <= 200
    assert not identity.email or claims.get("email_verified", True) is identity.has_verified_email


@given(JSON)
def test_texts_of_any_value_are_texts(value: Any) -> None:
    assert isinstance(text_of(value), str)
    assert "" not in texts_of(value)


@given(JSON, st.lists(NAMES, min_size=1, max_size=3))
def test_a_path_finds_what_was_put_there(value: Any, names: list[str]) -> None:
    data = value
    for name in reversed(names):
        data = {name: data}

    read = value_at(data, ".".join(names))

    assert read == value


@given(st.lists(JWK | JSON, max_size=4) | JSON)
def test_any_key_set_is_read(keys: Any) -> None:
    for document in (keys, {"keys": keys}):
        for key in usable_keys(document):
            assert key.key_type in {"RSA", "EC"}


@pytest.mark.django_db
@given(document=JSON, path=st.sampled_from(["openid_configuration", "jwks", "token", "userinfo"]))
@LIVE
def test_any_document_ends_in_a_page(company: Provider, document: Any, path: str) -> None:
    company.claims = {"groups": ""}
    company.answers = {}
    oidc.provider.cache_clear()
    client = Client()
    if path == "openid_configuration":
        company.answers = {path: json_response(document)}
        assert client.get("/login/start").status_code in {403, 503}
        return
    begin(client)
    company.answers = {path: json_response(document)}

    response = sign_in(client, company, "priya")

    assert response.status_code in {302, 403, 503}, json.dumps(document)
    assert response.status_code != 302 or path == "userinfo"
