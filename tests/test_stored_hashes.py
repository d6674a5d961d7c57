"""Golden values of hashes that are stored: a change of their format needs a new version.

The plan's are in `test_plan_digest.py`, those of the log in `test_audit_standalone.py` and
`test_audit_signed_note.py`. `docs/decisions/0018-stored-hashes.md` lists all.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client, RequestFactory

from assignments.models import RateBudget
from assignments.services.pacing import rate_budget
from assignments.services.syncing import fingerprints
from assignments.services.syncing.fingerprints import fingerprint
from assignments.stackone.resources import LearningObject, User
from assignments.views.request_context import public_session_id
from tests.factories import AT, make_token, make_user

MOMENT = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
USER = User(
    id="usr_1",
    remote_id=None,
    external_reference="NW-1",
    name="Élif Yilmaz",
    email="elif@northwind.example",
    is_active=True,
    custom_fields={"level": 3, "tags": ["a", None], "rate": 0.5},
    created_at=MOMENT,
    updated_at=None,
)
ITEM = LearningObject(
    id="c-1",
    remote_id="9",
    external_reference="CRS-1",
    title="GDPR",
    description=None,
    kind="course",
    is_active=None,
    duration="PT1H",
    languages=("en", "de"),
    url="",
    updated_at=MOMENT,
)


@pytest.mark.parametrize(
    ("entry", "golden"),
    [
        pytest.param(USER, "1:19aa823661eccfa3d5be23c2dd2899b6", id="a person"),
        pytest.param(ITEM, "1:7954b821e14311dd0f7e9e9b25e21587", id="an item"),
    ],
)
def test_fingerprints_of_version_1_are_what_they_always_were(entry, golden):
    assert fingerprint(entry) == golden


def test_a_fingerprint_changes_with_the_entry_and_leaves_out_what_is_absent():
    assert fingerprint(replace(ITEM, title="GDPR 2")) != fingerprint(ITEM)
    assert fingerprint(replace(ITEM, url=None)) == fingerprint(ITEM)
    assert fingerprint(replace(ITEM, is_active=False)) != fingerprint(ITEM)


def test_a_new_version_of_the_fingerprint_changes_prefix_and_hash(monkeypatch):
    first = fingerprint(ITEM)
    monkeypatch.setattr(fingerprints, "VERSION", 2)

    version, _, digest = fingerprint(ITEM).partition(":")

    assert version == "2"
    assert digest != first.removeprefix("1:")


@pytest.mark.django_db
def test_an_access_token_is_known_by_the_digest_of_version_1():
    digest = "415512c97e108fe5273060f0ced4a263e31a23d0beed17e7261d996b3e0cbf47"
    owner = make_user("auditor", last_login=datetime.now(UTC))
    make_token(owner, digest=digest, expires_at=datetime.now(UTC) + timedelta(days=1))

    headers = {"Authorization": "Bearer desk_golden"}
    response = Client().get("/api/audit/entries", headers=headers)

    assert response.status_code == 200
    assert owner.access_tokens.get().last_used_at is not None


def test_the_public_id_of_a_session_is_that_of_version_1(settings):
    settings.SECRET_KEY = "golden"
    request = RequestFactory().get("/")
    request.session = SessionBase("a-session-key")

    assert public_session_id(request) == "934cba3f11fd5c68"


@pytest.mark.django_db
def test_the_budget_of_an_api_key_is_found_by_the_key_of_version_1(settings):
    settings.SECRET_KEY, settings.STACKONE_API_KEY = "golden", "api-key"

    rate_budget.reserve(1, now=AT)

    assert (
        RateBudget.objects.get().key_hash
        == "d0fce3c257b2ea0a7cc87f7c4f874c9c00acf6663eec76b72f7a0354c373ed82"
    )
