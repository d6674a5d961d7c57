"""Fixtures for sign-in through a real identity provider over loopback."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.test import Client
from oidc_provider_mock import User as Account
from oidc_provider_mock import run_server_in_thread

from dashboard.access import oidc
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.waiting import HANG_SECONDS

PEOPLE: dict[str, dict[str, Any]] = {
    "priya": {"name": "Priya Mehta", "email": "priya@northwind.example", "groups": ["ld"]},
    "ingrid": {"name": "Ingrid Solberg", "email": "ingrid@northwind.example", "groups": ["audit"]},
    "ruth": {"name": "Ruth Abel", "email": "ruth@northwind.example", "groups": ["it"]},
    "tom": {"name": "Tom Baker", "email": "tom@northwind.example", "groups": ["sales"]},
    "uma": {
        "name": "Uma Khan",
        "email": "uma@northwind.example",
        "email_verified": False,
        "groups": ["ld"],
    },
}


@pytest.fixture(scope="session")
def running_company() -> Iterator[Provider]:
    """Run one provider for the whole session."""
    with running_provider({}) as provider:
        yield provider


@pytest.fixture
def company(running_company: Provider, settings, monkeypatch) -> Iterator[Provider]:
    """Return the provider in its initial state, and configure the site to use it."""
    fresh = Provider(
        {name: dict(claims) for name, claims in PEOPLE.items()}, key=running_company.key
    )
    fresh.url = running_company.url
    vars(running_company).update(vars(fresh))
    monkeypatch.setattr(oidc, "TIMEOUT_SECONDS", HANG_SECONDS)
    settings.DESK_DEMO = False
    settings.OIDC_ISSUER = running_company.url
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OIDC_MANAGER_VALUES = ["ld"]
    settings.OIDC_AUDITOR_VALUES = ["audit"]
    settings.OIDC_ADMIN_VALUES = ["it"]
    settings.ACCESS_CONTACT = "the L&D desk, ld@northwind.example"
    oidc.provider.cache_clear()
    yield running_company
    oidc.provider.cache_clear()


@pytest.fixture
def provider_url(settings: Any) -> Iterator[str]:
    """Run a third-party provider, let the site sign in through it, and return its address."""
    accounts = [Account(sub=name, claims=claims) for name, claims in PEOPLE.items()]
    with run_server_in_thread(require_nonce=True, user_claims=accounts) as server:
        settings.DESK_DEMO = False
        settings.OIDC_ISSUER = f"http://127.0.0.1:{server.server_port}"
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "assignment-desk", "a-secret"
        settings.OIDC_MANAGER_VALUES = ["ld"]
        settings.OIDC_AUDITOR_VALUES = ["audit"]
        settings.OIDC_ADMIN_VALUES = ["it"]
        oidc.provider.cache_clear()
        yield settings.OIDC_ISSUER
    oidc.provider.cache_clear()


def begin(client: Client, wanted: str = "/") -> str:
    """Start a sign-in and return the provider's URL."""
    return client.get("/login/start", {"next": wanted})["Location"]


def approved(company: Provider, address: str, person: str) -> str:
    """Sign in at the provider and return the callback URL of the site."""
    parameters = dict(parse_qsl(urlsplit(address).query))
    response = httpx.get(
        f"{company.url}/approve", params=parameters | {"person": person}, verify=False
    )
    return response.headers["Location"]


def sign_in(client: Client, company: Provider, person: str, wanted: str = "/") -> Any:
    """Sign in completely and return the last response of the site."""
    return client.get(approved(company, begin(client, wanted), person))
