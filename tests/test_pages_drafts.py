"""The list of a manager's drafts: their names, discarding and restoring them."""

import re
from datetime import date

import pytest

from assignments.models import Draft, DraftContent, DraftLearner, DraftRow
from tests.factories import AT, make_account, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
LIST = "/batches/?tab=drafts"
TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture
def manager(client):
    """Sign a manager in."""
    user = make_user("manager")
    client.force_login(user)
    return user


def make_draft(owner, items=(), people=0, **fields):
    """Create a draft with content of these titles and a number of people."""
    times = {"created_at": AT, "changed_at": AT}
    draft = Draft.objects.create(account=make_account(), owner=owner, **times | fields)
    for title in items:
        DraftContent.objects.create(draft=draft, content=make_content(title=title))
    for _ in range(people):
        DraftLearner.objects.create(draft=draft, learner=make_learner())
    return draft


def words(response):
    """Return the text of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize(
    ("items", "people", "name"),
    [
        pytest.param((), 0, "Empty draft", id="empty"),
        pytest.param((), 2, "No content yet for 2 people", id="only people"),
        pytest.param(("Fire Safety",), 0, "Fire Safety", id="only an item"),
        pytest.param(("Fire", "GDPR", "Art"), 1, "Art and 2 more for 1 person", id="several"),
    ],
)
def test_a_draft_is_named_by_its_content_and_people(client, manager, items, people, name):
    make_draft(manager, items, people, due_date=date(2027, 1, 15))

    size = f"{people} {TIMES} {len(items)}"
    row = f"{name} changed 23 Nov 2026, 10:00 {size} 15 Jan 2027"
    assert row in words(client.get(LIST))


def test_an_item_without_a_title_is_named_by_its_reference(client, manager):
    draft = make_draft(manager)
    content = make_content(title="")
    DraftContent.objects.create(draft=draft, content=content)

    assert f"{content.external_reference} changed" in words(client.get(LIST))


def test_rows_of_a_list_are_counted(client, manager):
    draft = make_draft(manager)
    DraftRow.objects.create(draft=draft, learner=make_learner(), content=make_content())

    text = words(client.get(LIST))

    assert "Rows of a list" in text
    assert f"0 {TIMES} 0 and 1 row of a list" in text


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_the_list_takes_a_constant_number_of_queries(
    client, manager, django_assert_num_queries, count
):
    for _ in range(count):
        make_draft(manager, ["Fire", "GDPR"], 2)
        make_draft(manager, ["Fire"], 2, discarded_at=AT)
    with django_assert_num_queries(10):
        client.get(LIST)


def test_only_the_managers_own_drafts_are_listed_and_counted(client, manager):
    make_draft(make_user("manager", email="daniel@northwind.example"), ["Secret"])
    make_draft(manager, ["Mine"])
    make_draft(manager, ["Sent"], is_submitted=True)

    text = words(client.get(LIST))

    assert "Mine" in text
    assert not {"Secret", "Sent"} & set(text.split())
    assert "Drafts 1" in words(client.get("/batches/"))


def test_an_auditor_has_no_drafts(client, manager):
    make_draft(manager, ["Mine"])
    client.force_login(make_user("auditor"))

    text = words(client.get(LIST))

    assert not {"Drafts", "Mine", "assignment"} & set(text.split())


def test_a_draft_is_discarded_and_restored(client, manager):
    draft = make_draft(manager, ["Fire Safety"], 2)

    page = client.post(f"/assign/{draft.pk}/discard", follow=True)
    assert "No drafts" in words(page)
    assert "Discarded in the last 7 days Fire Safety for 2 people discarded" in words(page)

    client.post(f"/assign/{draft.pk}/recover")
    text = words(client.get(LIST))
    assert "Fire Safety for 2 people changed" in text
    assert "Discarded in" not in text
