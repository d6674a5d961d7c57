"""Pages of audiences, and adding and excluding audiences in a draft."""

import re

import pytest
from django.urls import reverse

from assignments.models import (
    Audience,
    Draft,
    DraftContent,
    DraftLearner,
    Learner,
    RemoteAssignment,
)
from assignments.services.picking import bulk_selection
from assignments.services.picking.drafts import DraftRefused
from tests.factories import AT, make_account, make_audience, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
PAGE = "/audiences/"


@pytest.fixture
def manager(client):
    """Sign a manager in."""
    user = make_user("manager")
    client.force_login(user)
    return user


@pytest.fixture
def draft(manager):
    """Return the manager's own empty draft."""
    return Draft.objects.create(account=make_account(), owner=manager, created_at=AT, changed_at=AT)


def words(response):
    """Return the text of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def selected(draft):
    """Return the names of the selected people, sorted."""
    rows = DraftLearner.objects.filter(draft=draft).order_by("learner__name")
    return list(rows.values_list("learner__name", flat=True))


def post(client, draft, name, fields, **options):
    """Post fields to a view of the draft and return the response."""
    return client.post(reverse(f"assign-{name}", args=[draft.pk]), fields, **options)


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_the_list_takes_a_constant_number_of_queries(
    client, manager, django_assert_num_queries, count
):
    for number in range(count):
        make_audience(manager, name=f"Sales {number}", used_by=manager, used_at=AT)
    with django_assert_num_queries(4):
        client.get(PAGE)


def test_the_list_shows_size_creator_and_last_use(client, manager):
    make_audience(manager, make_learner(), name="Board")
    make_audience(manager, name="EMEA", query="q=emea", people=3412, used_by=manager, used_at=AT)

    text = words(client.get(PAGE))

    assert "Board 1 person always the same Priya Mehta 23 Nov 2026, 10:00 Not used yet" in text
    assert "EMEA Everybody who matches “emea” 3,412 when last used Priya Mehta" in text


def test_an_auditor_can_only_read_the_list(client, manager):
    make_audience(manager)
    client.force_login(make_user("auditor"))

    page = client.get(PAGE)

    assert "Sales" in words(page)
    assert "Delete" not in words(page)
    assert "/audiences/" not in re.findall(r'action="([^"]*)"', page.content.decode())


def test_an_empty_list_is_explained(client, manager):
    assert "No audiences yet" in words(client.get(PAGE))


def test_using_an_audience_creates_a_draft_with_its_people(client, manager):
    audience = make_audience(manager, make_learner(name="Ada"))

    response = client.post(reverse("audience-use", args=[audience.pk]))

    draft = Draft.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/assign/{draft.pk}/")
    assert (selected(draft), draft.owner) == (["Ada"], manager)


def test_using_an_audience_with_an_unknown_filter_is_refused(client, manager):
    make_learner()
    audience = make_audience(manager, query="hired_on_mars=1")

    response = client.post(reverse("audience-use", args=[audience.pk]))

    assert response.status_code == 409
    assert "“Sales” filters by a field that is no longer offered here." in words(response)
    assert not Draft.objects.exists()


def test_an_audience_is_renamed_and_deleted(client, manager):
    audience = make_audience(manager)

    renamed = client.post(reverse("audience-rename", args=[audience.pk]), {"name": "Law"})
    assert (renamed.status_code, Audience.objects.get().name) == (302, "Law")

    deleted = client.post(reverse("audience-delete", args=[audience.pk]))
    assert (deleted["Location"], Audience.objects.count()) == (PAGE, 0)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param("", "Give the audience a name.", id="none"),
        pytest.param("x" * 121, "Shorten the name to 120 characters.", id="too long"),
        pytest.param("legal", "There is an audience “Legal” already.", id="taken"),
    ],
)
def test_an_invalid_name_is_refused(client, manager, name, sentence):
    make_audience(manager, name="Legal")
    audience = make_audience(manager)

    response = client.post(reverse("audience-rename", args=[audience.pk]), {"name": name})

    assert (response.status_code, sentence in words(response)) == (409, True)


def test_the_selection_is_saved(client, draft):
    DraftLearner.objects.create(draft=draft, learner=make_learner(name="Ada"))

    response = post(client, draft, "save-audience", {"name": " Board "}, headers=HTMX)

    audience = Audience.objects.get()
    assert (audience.name, audience.kind, audience.people) == ("Board", "fixed", 1)
    assert "Saved as the audience “Board”." in words(response)
    assert "1 person · by Priya Mehta" in words(response)


def test_a_saved_filter_finds_people_who_are_added_later(client, draft):
    make_learner(name="Ada Sales")
    response = client.get(f"/assign/{draft.pk}/?q=sales&inactive=1&show=selected&after=2")
    query = response.context["page"].people_filter
    assert query == "q=sales&inactive=1"

    post(client, draft, "save-audience", {"name": "EMEA", "query": query, "keeps_filter": "1"})
    audience = Audience.objects.get()
    assert (audience.kind, audience.query, audience.people) == ("filter", query, 1)

    make_learner(name="Ben Sales", is_active=False)
    make_learner(name="Cid Legal")
    post(client, draft, "audience", {"add": audience.pk})
    assert selected(draft) == ["Ada Sales", "Ben Sales"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        pytest.param({"name": ""}, "Give the audience a name.", id="no name"),
        pytest.param({"name": "A"}, "Select at least one person", id="nobody selected"),
    ],
)
def test_an_invalid_audience_is_not_saved(client, draft, fields, sentence):
    page = post(client, draft, "save-audience", fields)
    part = post(client, draft, "save-audience", fields, headers=HTMX)

    assert (page.status_code, Audience.objects.count()) == (422, 0)
    assert sentence in words(page)
    assert sentence in words(part)


def test_adding_an_audience_is_shown_in_the_summary(client, draft, manager):
    audience = make_audience(manager, make_learner(name="Ada"), make_learner(name="Ben"))
    sentence = "Added 2 people from the audience “Sales”."

    part = post(client, draft, "audience", {"add": audience.pk}, headers=HTMX)

    assert words(part).count(sentence) == 2
    assert "2 selected" in words(part)
    assert sentence in words(client.get(f"/assign/{draft.pk}/"))


def test_an_audience_is_excluded_and_put_back(client, draft, manager):
    ada, ben = make_learner(name="Ada"), make_learner(name="Ben")
    audience = make_audience(manager, ada)
    for learner in (ada, ben):
        DraftLearner.objects.create(draft=draft, learner=learner)

    part = post(client, draft, "audience", {"leave_out": audience.pk}, headers=HTMX)
    assert selected(draft) == ["Ben"]
    assert "Left out 1 person who is in the audience “Sales”. Put 1 back" in words(part)

    change = draft.changes.get().pk
    back = post(client, draft, "put-back", {"change": change}, headers=HTMX)
    assert selected(draft) == ["Ada", "Ben"]
    assert "They are selected again." in words(back)


def test_holders_of_the_content_are_excluded(client, draft):
    content = make_content(title="Fire Safety")
    DraftContent.objects.create(draft=draft, content=content)
    for name, status in (("Ada", "completed"), ("Ben", "pending"), ("Cid", "")):
        learner = make_learner(name=name)
        DraftLearner.objects.create(draft=draft, learner=learner)
        if status:
            RemoteAssignment.objects.create(
                account=draft.account,
                remote_id=name,
                learner=learner,
                content=content,
                status=status,
                first_seen_at=AT,
            )

    post(client, draft, "exclude", {"completed": "1"})
    assert selected(draft) == ["Ben", "Cid"]
    post(client, draft, "exclude", {})
    assert selected(draft) == ["Cid"]

    text = words(client.get(f"/assign/{draft.pk}/"))
    assert "Left out 1 person who has completed Fire Safety." in text
    assert "Left out 1 person who has Fire Safety." in text


@pytest.mark.parametrize(
    ("name", "fields", "sentence"),
    [
        pytest.param("exclude", {}, "Choose the content first", id="no content"),
        pytest.param("audience", {"add": 1}, "Choose at most 0: narrow", id="too many"),
        pytest.param("put-back", {"change": 1}, "Choose at most 0: narrow", id="too many back"),
    ],
)
def test_a_refused_change_changes_nothing(
    client, draft, manager, monkeypatch, name, fields, sentence
):
    ada = make_learner(name="Ada")
    audience = make_audience(manager, ada)
    DraftLearner.objects.create(draft=draft, learner=ada)
    post(client, draft, "audience", {"leave_out": audience.pk})
    monkeypatch.setattr("assignments.services.picking.drafts.MAX_ROWS", 0)
    ids = {"add": audience.pk, "change": draft.changes.get().pk}

    response = post(client, draft, name, {key: ids[key] for key in fields})

    assert (response.status_code, selected(draft)) == (422, [])
    assert sentence in words(response)


@pytest.mark.parametrize("value", ["9" * 30, "x", "-1", "²"])
@pytest.mark.parametrize(
    ("name", "field"), [("audience", "add"), ("audience", "leave_out"), ("put-back", "change")]
)
def test_an_invalid_id_is_no_server_error(client, draft, name, field, value):
    assert post(client, draft, name, {field: value}).status_code in {302, 422}


@pytest.mark.parametrize("field", ["add", "leave_out"])
def test_an_audience_that_was_deleted_before_is_a_sentence(client, draft, manager, field):
    audience = make_audience(manager, account=draft.account)
    Audience.objects.all().delete()

    response = post(client, draft, "audience", {field: audience.pk})

    assert response.status_code == 422
    assert "Somebody has deleted this audience. Nothing was changed" in words(response)


@pytest.mark.parametrize("change", [bulk_selection.add_audience, bulk_selection.exclude_audience])
def test_an_audience_that_is_deleted_while_it_is_used_is_refused(draft, manager, change):
    audience = make_audience(manager, account=draft.account)
    Audience.objects.all().delete()

    with pytest.raises(DraftRefused, match="Somebody has deleted this audience"):
        change(
            draft=draft,
            audience=audience,
            matching=Learner.objects.all(),
            by_pk=manager.pk,
            now=AT,
        )


def test_an_audience_of_another_account_is_not_found(client, draft, manager):
    other = type(draft.account).objects.create(remote_id="second", name="Docebo", synced_at=AT)
    audience = make_audience(manager, account=other)

    assert post(client, draft, "audience", {"add": audience.pk}).status_code == 422
    assert client.get(f"/assign/{draft.pk}/").context["page"].audiences == []
