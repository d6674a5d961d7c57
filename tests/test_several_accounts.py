"""Several linked accounts: one is chosen at New, lists name and filter them, nothing crosses."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from assignments.models import Account, Draft, DraftContent, DraftLearner
from assignments.services.picking import drafts
from tests.conftest import NOON
from tests.factories import (
    make_account,
    make_audience,
    make_batch,
    make_content,
    make_learner,
    make_user,
)

pytestmark = pytest.mark.django_db
LISTS = ("people", "content-list", "batches", "audiences", "search")


@pytest.fixture
def manager(client):
    """Return a manager who is signed in."""
    user = make_user(email="manager@northwind.example")
    client.force_login(user)
    return user


@pytest.fixture
def here(settings):
    """Return the first account."""
    settings.STACKONE_ACCOUNT_IDS = ["sandbox", "us"]
    return make_account()


@pytest.fixture
def other(here):
    """Return the second account, with the same name as the first."""
    return Account.objects.create(remote_id="us", name=str(here))


def make_world(account, owner):
    """Make a person, an item, a batch and an audience of an account, all called alike."""
    learner = make_learner(account, name=f"Alike {account.remote_id}")
    content = make_content(account, title=f"Alike {account.remote_id}")
    batch = make_batch(["created"], by=owner)
    batch.account, batch.title = account, f"Alike {account.remote_id}"
    batch.save(update_fields=["account", "title"])
    audience = make_audience(owner)
    audience.account, audience.name = account, f"Alike {account.remote_id}"
    audience.folded_name = audience.name.lower()
    audience.save()
    return learner, content


def start(client, **form):
    """Press New, or the button of a person or an item, and return the new draft."""
    response = client.post(reverse("assign-new"), form)
    assert response.status_code == 302, response.content.decode()[:300]
    return Draft.objects.get(pk=re.findall(r"[0-9a-f-]{36}", response["Location"])[0])


def test_new_begins_in_the_chosen_account_and_remembers_it(client, manager, here, other):
    assert start(client).account == here

    assert start(client, account=other.pk).account == other
    assert start(client).account == other


def test_a_person_and_an_item_open_a_draft_in_their_account(client, manager, here, other):
    learner, content = make_world(other, manager)

    for form in ({"learner": learner.pk}, {"add": content.pk}):
        draft = start(client, **form)
        assert draft.account == other
        assert DraftLearner.objects.filter(draft=draft).count() == ("learner" in form)
        assert DraftContent.objects.filter(draft=draft).count() == ("add" in form)


def test_an_empty_draft_is_replaced_and_one_with_people_is_kept(client, manager, here, other):
    empty, filled = start(client), start(client)
    drafts.pick_learners(draft=filled, learner_pks=[make_learner(here).pk], now=NOON)

    for draft in (empty, filled):
        assert start(client, account=other.pk, instead_of=draft.pk).account == other

    assert not Draft.objects.filter(pk=empty.pk).exists()
    assert Draft.objects.filter(pk=filled.pk).exists()


def test_the_draft_of_somebody_else_is_not_replaced(client, manager, here, other):
    not_own = drafts.create(account=here, owner_pk=make_user().pk, now=NOON)

    start(client, account=other.pk, instead_of=not_own.pk)

    assert Draft.objects.filter(pk=not_own.pk).exists()


@pytest.mark.parametrize("form", ["account", "learner", "add"])
def test_an_account_of_other_groups_is_forbidden(client, manager, here, other, settings, form):
    settings.ACCOUNT_GROUPS = {"us": ["ld-us"]}
    learner, content = make_world(other, manager)
    value = {"account": other.pk, "learner": learner.pk, "add": content.pk}[form]

    assert client.post(reverse("assign-new"), {form: value}).status_code == 403
    assert not Draft.objects.exists()


@pytest.mark.parametrize("route", LISTS)
def test_lists_name_the_account_and_filter_by_it(client, manager, here, other, route):
    for account in (here, other):
        make_world(account, manager)
    base = {"q": "Alike"} if route == "search" else {}

    page = client.get(reverse(route), base).content.decode()
    assert page.count(f"{here} (sandbox)") > 1
    assert page.count(f"{other} (us)") > 1
    assert "Alike us" in page
    assert "Alike sandbox" in page

    filtered = client.get(reverse(route), base | {"account": other.pk}).content.decode()
    assert "Alike us" in filtered
    assert "Alike sandbox" not in filtered


@pytest.mark.parametrize("route", LISTS)
def test_lists_of_one_account_do_not_name_it(client, manager, route):
    make_world(make_account(), manager)

    page = client.get(reverse(route), {"q": "Alike"} if route == "search" else {}).content.decode()

    assert "All accounts" not in page


def test_pages_of_a_filtered_list_stay_in_the_account(client, manager, here, other):
    for account in (here, other):
        for _ in range(60):
            make_content(account)

    page = client.get(reverse("content-list"), {"account": other.pk})

    assert f"account={other.pk}" in page.context["next_query"]


def test_nothing_of_another_account_can_be_selected(client, manager, here, other):
    learner, content = make_world(other, manager)
    draft = start(client, account=here.pk)
    audience = learner.account.audiences.get()

    client.post(reverse("assign-pick", args=[draft.pk]), {"learner": learner.pk})
    client.post(reverse("assign-content", args=[draft.pk]), {"add": content.pk})
    pasted = client.post(reverse("assign-paste", args=[draft.pk]), {"list": learner.email})
    taken = client.post(reverse("assign-audience", args=[draft.pk]), {"audience": audience.pk})

    assert not DraftLearner.objects.filter(draft=draft).exists()
    assert not DraftContent.objects.filter(draft=draft).exists()
    assert (pasted.status_code, taken.status_code) == (200, 422)


def test_the_draft_offers_the_other_accounts(client, manager, here, other):
    draft = start(client, account=other.pk)

    page = client.get(reverse("assign", args=[draft.pk])).content.decode()

    assert f"In <b>{other} (us)</b>" in page
    assert f"Start in {here} (sandbox) instead" in page
    assert f"Start in {other}" not in page.replace(f"Start in {here} (sandbox)", "")


@pytest.mark.usefixtures("clock")
def test_the_command_wants_an_account_if_there_are_several(manager, here, other, tmp_path):
    learner, content = make_world(other, manager)
    people = tmp_path / "people.txt"
    people.write_text(learner.email)
    words = ["assign", "--as", manager.email, "--learners", str(people), "--due", "2027-01-15"]
    words += ["--status", "pending", "--yes", "--content", content.external_reference]

    with pytest.raises(CommandError, match=r"Add --account with one of: sandbox .*, us "):
        call_command(*words)
    with pytest.raises(CommandError, match="may assign in no such account"):
        call_command(*words, "--account", "elsewhere")
    call_command(*words, "--account", "us")

    assert Draft.objects.get().account == other
