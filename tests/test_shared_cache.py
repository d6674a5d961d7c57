"""The cache that all web processes share."""

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client

from dashboard import shared_cache
from dashboard.access import logout_tokens
from dashboard.access.oidc_errors import UntrustedProviderData
from tests.concurrency import run_concurrently
from tests.factories import make_user


def test_the_shared_cache_is_in_the_database_only_for_several_processes():
    alone = shared_cache.caches("django.db.backends.sqlite3")
    several = shared_cache.caches("django.db.backends.postgresql")

    assert alone["shared"] == alone["default"] == several["default"]
    assert several["shared"] == {
        "BACKEND": "dashboard.shared_cache.CountingCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }


@pytest.fixture
def become_another():
    """Return a function that clears what only this process remembers, as if it were another."""
    if connection.vendor == "sqlite":
        pytest.skip("Several processes need PostgreSQL.")
    return caches["default"].clear


@pytest.mark.django_db
def test_processes_share_rate_limit_counters(become_another):
    client = Client()
    client.force_login(make_user("auditor"))
    for _ in range(30):
        assert client.get("/audit/verify/").status_code != 429

    become_another()

    assert client.get("/audit/verify/").status_code == 429


@pytest.mark.django_db
def test_a_logout_token_works_once_across_processes(company, become_another):
    token = company.logout_token(sub="priya")
    logout_tokens.verify_logout_token(token)

    become_another()

    with pytest.raises(UntrustedProviderData):
        logout_tokens.verify_logout_token(token)


def test_concurrent_increments_are_not_lost(transactional_db):
    caches["shared"].set("asked", 0, 60)

    def count():
        for _ in range(10):
            caches["shared"].incr("asked")

    run_concurrently(*[count] * 4)

    assert caches["shared"].get("asked") == 40
    with pytest.raises(ValueError, match="not found"):
        caches["shared"].incr("never-set")
