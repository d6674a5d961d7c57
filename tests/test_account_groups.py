"""ACCOUNT_GROUPS: managers see and use only the accounts of their groups."""

import pytest
from django.core.management import CommandError

from assignments.management.command_line_actor import open_account
from assignments.models import Account, Draft
from tests.factories import make_account, make_batch, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_accounts(settings):
    """Return a European and an American account, each with a row of every kind."""
    settings.STACKONE_ACCOUNT_IDS = ["sandbox", "us"]
    settings.ACCOUNT_GROUPS = {"sandbox": ["ld-eu"], "us": ["ld-us", "ld"]}
    us = Account.objects.create(remote_id="us", name="Workday US")
    here = make_account()
    world = []
    for account in (here, us):
        learner = make_learner(account, name=f"Person of {account}")
        content = make_content(account, title=f"Course of {account}")
        batch = make_batch(["created"])
        batch.account, batch.title = account, f"Batch of {account}"
        batch.save(update_fields=["account", "title"])
        world.append((account, learner, content, batch))
    return world


def own(world):
    """Return the URLs of what belongs to an account."""
    _, learner, content, batch = world
    return [f"/people/{learner.pk}/", f"/content/{content.pk}/", f"/batches/{batch.number}/"]


def test_a_manager_sees_the_accounts_of_the_group(client, two_accounts):
    client.force_login(make_user("manager", groups=["ld-us"]))
    other_account, own_account = two_accounts

    for address in ("/people/", "/content/", "/batches/", "/search?q=of", "/"):
        page = client.get(address).content.decode()
        assert "of Workday US" in page or address == "/", address
        assert "of Cornerstone" not in page, address
    assert [client.get(address).status_code for address in own(own_account)] == [200] * 3
    assert [client.get(address).status_code for address in own(other_account)] == [404] * 3


def test_exact_matches_of_other_accounts_are_not_found(client, two_accounts):
    client.force_login(make_user("manager", groups=["ld-us"]))
    (_, learner, content, batch), (_, own_account, *_) = two_accounts

    for words in (learner.email, content.external_reference, f"{batch}"):
        assert client.get("/search", {"q": words}).status_code == 200
    assert (
        client.get("/search", {"q": own_account.email})["Location"] == f"/people/{own_account.pk}/"
    )


def test_a_manager_acts_on_the_accounts_of_the_group(client, two_accounts):
    client.force_login(make_user("manager", groups=["ld"]))
    (_, _, _, other_account), (us, _, _, own_account) = two_accounts
    row = other_account.assignments.get()

    client.post("/assign/new")

    assert Draft.objects.get().account == us
    assert client.post(f"/batches/{own_account.number}/pause").status_code == 409
    assert client.post(f"/batches/{other_account.number}/pause").status_code == 404
    assert client.post(f"/batches/{other_account.number}/copy").status_code == 404
    assert client.post(f"/batches/{other_account.number}/rows/{row.pk}/retry").status_code == 404


def test_a_draft_is_hidden_when_its_account_is_forbidden(client, two_accounts):
    user = make_user("manager", groups=["ld-us"])
    client.force_login(user)
    client.post("/assign/new")
    draft = Draft.objects.get()
    user.groups = ["ld-eu"]
    user.save(update_fields=["groups"])

    assert client.get(f"/assign/{draft.pk}/").status_code == 404
    assert client.get(f"/assign/{draft.pk}/review/").status_code == 404


def test_a_manager_without_an_account_cannot_start_a_draft(client, two_accounts):
    user = make_user("manager", groups=["sales"])
    client.force_login(user)

    assert client.post("/assign/new").status_code == 403
    with pytest.raises(CommandError, match="See ACCOUNT_GROUPS"):
        open_account(user, [account for account, *_ in two_accounts])


@pytest.mark.parametrize("role", ["auditor", "admin"])
def test_people_who_verify_the_log_see_every_account(client, two_accounts, role):
    client.force_login(make_user(role))

    for world in two_accounts:
        assert [client.get(address).status_code for address in own(world)] == [200] * 3


def test_all_managers_may_use_an_account_without_groups(client, two_accounts, settings):
    settings.ACCOUNT_GROUPS = {}
    client.force_login(make_user("manager"))

    for world in two_accounts:
        assert [client.get(address).status_code for address in own(world)] == [200] * 3
