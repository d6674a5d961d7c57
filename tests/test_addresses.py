"""E-mail addresses of users: whoever has or had the same one counts as the same person."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from assignments.models import LogEntry, SubmitterAddress
from assignments.queries.approvals import approvers, batches_awaiting
from assignments.services.batches.control import ControlRefused
from assignments.services.privacy.erasure import erase
from assignments.services.submitting import approval
from dashboard.access.addresses import (
    ReleaseRefused,
    record_address,
    release_addresses,
    shared_addresses,
)
from dashboard.access.identities import Identity
from dashboard.access.models import UserAddress
from dashboard.access.provisioning import provision_user
from tests.approval_fixtures import LATER, make_second, make_waiting, words
from tests.conftest import NOON
from tests.factories import make_actor, make_user

pytestmark = pytest.mark.django_db
ADDRESS = "desk@northwind.example"


def sign_in(user, **changes):
    """Sign a user in whom the identity provider names with other details."""
    values = {"name": user.name, "email": user.email, "roles": tuple(user.roles), "groups": ()}
    identity = Identity(
        issuer=user.issuer, subject=user.subject, has_verified_email=True, **values | changes
    )
    return provision_user(identity, by=make_actor(user), now=LATER)


def entries(action):
    """Return the entries of an action."""
    return [json.loads(bytes(e.body)) for e in LogEntry.objects.filter(action=action)]


def may_decide(user, batch):
    """Return whether the user may approve the batch, by each of the three rules."""
    listed = batch in batches_awaiting(user)
    assert (user in approvers(batch)) == listed
    if not listed:
        with pytest.raises(ControlRefused, match="You submitted it"):
            approval.approve(
                batch=batch, plan_digest=batch.plan_digest, by=make_actor(user), now=LATER
            )
    return listed


def had_the_address_before(submitter, second):
    sign_in(second, email=submitter.email.upper())
    return sign_in(second, email="changed@northwind.example")


def has_the_former_address(submitter, second):
    former = submitter.email
    sign_in(submitter, email="new@northwind.example")
    return sign_in(second, email=former)


def both_had_an_address(submitter, second):
    for user in (submitter, second):
        own = user.email
        sign_in(user, email=ADDRESS)
        sign_in(user, email=own)
    return second


@pytest.mark.parametrize(
    "share", [had_the_address_before, has_the_former_address, both_had_an_address]
)
def test_whoever_has_or_had_an_address_of_the_submitter_cannot_approve(share):
    batch, second, third = make_waiting(), make_second(), make_user()
    assert may_decide(second, batch)

    second = share(batch.by, second)

    assert not may_decide(second, batch)
    assert may_decide(third, batch)


def test_addresses_at_the_submission_count_after_the_user_lost_them():
    batch, second = make_waiting(), make_second()
    sign_in(second, email=batch.by.email)
    UserAddress.objects.filter(user=batch.by).delete()

    assert not may_decide(second, batch)


def test_addresses_of_an_earlier_key_still_count(settings):
    batch, second = make_waiting(), make_second()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-new-key", [settings.SECRET_KEY]

    sign_in(second, email=batch.by.email)

    assert not may_decide(second, batch)


def test_users_without_an_address_are_different_people():
    batch = make_waiting()
    nobody, other = make_user(email=""), make_user(email="")

    assert not nobody.addresses.exists()
    assert may_decide(nobody, batch)
    assert may_decide(other, batch)


def test_only_hashes_are_stored():
    user = make_user(email=ADDRESS)

    (digest,) = user.addresses.values_list("digest", flat=True)

    assert len(digest) == 64
    assert "northwind" not in digest
    assert str(user.addresses.get()) == f"An address of {user}"


def test_another_name_and_address_at_sign_in_is_recorded_with_both():
    user = make_user(name="Priya Mehta", email=ADDRESS)

    sign_in(user)
    assert entries("user.details_changed") == []
    sign_in(user, name="Priya Rao", email="rao@northwind.example")

    (logged,) = entries("user.details_changed")
    assert logged["detail"] == {"changed": ["name", "email"]}
    assert [set(person) for person in logged["people"]] == [{"ref", "name", "email"}] * 2
    assert b"northwind" not in bytes(LogEntry.objects.get(action="user.details_changed").body)


def test_a_shared_address_is_recorded_once():
    first, second = make_user(email=ADDRESS), make_second()

    for _ in range(2):
        sign_in(second, email=ADDRESS)

    (logged,) = entries("user.address_shared")
    assert logged["subject"] == f"user/{second.pk}"
    assert [person["ref"] for person in logged["people"]] == [
        f"user/{first.pk}",
        f"user/{second.pk}",
    ]


def test_an_administrator_confirms_that_an_address_passed_to_another_person():
    former, batch = make_user(email=ADDRESS), make_waiting()
    second = sign_in(make_second(), email=batch.by.email)
    sign_in(batch.by, email=ADDRESS)
    admin = make_actor(make_user("admin"))

    release_addresses(former, by=admin, now=LATER)

    (row,) = shared_addresses()
    assert {user.pk for user in row.users} == {batch.by_id, second.pk}
    (logged,) = entries("user.address_released")
    assert (logged["subject"], logged["actor"]["ref"]) == (f"user/{former.pk}", admin.ref)
    assert may_decide(former, batch)


def test_an_address_that_is_used_again_counts_again():
    first, second = make_user(email=ADDRESS), make_user(email=ADDRESS)
    release_addresses(first, by=make_actor(make_user("admin")), now=NOON)
    assert shared_addresses() == []

    sign_in(first)

    (row,) = shared_addresses()
    assert row.email == ADDRESS
    assert {user.pk for user in row.users} == {first.pk, second.pk}


@pytest.mark.parametrize("sharing", [True, False])
def test_a_release_is_refused_to_those_who_share_the_address(sharing):
    user = make_user("admin", email=ADDRESS)
    other = make_user("admin", email=ADDRESS if sharing else "other@northwind.example")

    with pytest.raises(ReleaseRefused, match="another administrator" if sharing else "Nobody else"):
        release_addresses(user, by=make_actor(other), now=NOON)

    assert user.addresses.exists()


def test_an_erasure_deletes_the_hashes():
    batch = make_waiting()
    approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER)
    user = batch.by
    user.is_active = False
    user.save()
    assert SubmitterAddress.objects.exists()

    erase(
        ref=f"user/{user.pk}",
        reason="Left the company",
        by=make_actor(make_user("admin")),
        now=NOON + timedelta(days=400),
    )

    assert not user.addresses.exists()
    assert not SubmitterAddress.objects.exists()


def test_the_page_lists_shared_addresses_and_releases_one(client):
    first, second = (
        make_user(email=ADDRESS, name="Ada One"),
        make_user(email=ADDRESS, name="Bo Two"),
    )
    admin = make_user("admin")
    client.force_login(admin)

    page = words(client.get(reverse("addresses")))
    assert f"{ADDRESS} Ada One" in page
    assert "No longer Bo Two’s" in page
    response = client.post(reverse("addresses-release", args=[first.pk]))

    assert response.url == reverse("addresses")
    assert "No two users" in words(client.get(response.url))
    response = client.post(reverse("addresses-release", args=[second.pk]))
    assert response.status_code == 409
    assert "Nobody else has an address of this user now." in words(response)


def test_an_address_that_nobody_has_now_is_a_former_address(client):
    for user in (make_user(email=ADDRESS), make_second(email=ADDRESS)):
        sign_in(user, email=f"new{user.pk}@northwind.example")
    client.force_login(make_user("admin"))

    assert "A former address" in words(client.get(reverse("addresses")))


def test_recording_an_address_again_changes_nothing():
    user = make_user(email=ADDRESS)

    record_address(user, by=make_actor(user), now=LATER)

    assert user.addresses.count() == 1
