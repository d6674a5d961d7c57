"""The list of a manager's own drafts: what each is about, discarding it and putting it back."""

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
    """Return a draft with items of these titles and so many people."""
    times = {"created_at": AT, "changed_at": AT}
    draft = Draft.objects.create(account=make_account(), owner=owner, **times | fields)
    for title in items:
        DraftContent.objects.create(draft=draft, content=make_content(title=title))
    for _ in range(people):
        DraftLearner.objects.create(draft=draft, learner=make_learner())
    return draft


def words(response):
    """Return what a page says, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize(
    ("items", "people", "said"),
    [
        pytest.param((), 0, "Empty draft", id="nothing yet"),
        pytest.param((), 2, "No content yet for 2 people", id="only people"),
        pytest.param(("Fire Safety",), 0, "Fire Safety", id="only an item"),
        pytest.param(("Fire", "GDPR", "Art"), 1, "Art and 2 more for 1 person", id="several"),
    ],
)
def test_a_draft_is_named_by_what_is_in_it(client, manager, items, people, said):
    make_draft(manager, items, people, due_date=date(2027, 1, 15))

    size = f"{people} {TIMES} {len(items)}"
    row = f"{said} changed 23 Nov 2026, 10:00 {size} 15 Jan 2027"
    assert row in words(client.get(LIST))


def test_an_item_without_a_title_is_named_by_its_reference(client, manager):
    draft = make_draft(manager)
    content = make_content(title="")
    DraftContent.objects.create(draft=draft, content=content)

    assert f"{content.external_reference} changed" in words(client.get(LIST))


def test_rows_of_a_list_are_counted(client, manager):
    draft = make_draft(manager)
    DraftRow.objects.create(draft=draft, learner=make_learner(), content=make_content())

    said = words(client.get(LIST))

    assert "Rows of a list" in said
    assert f"0 {TIMES} 0 and 1 row of a list" in said


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_the_list_costs_the_same_however_many(client, manager, django_assert_num_queries, count):
    for _ in range(count):
        make_draft(manager, ["Fire", "GDPR"], 2)
        make_draft(manager, ["Fire"], 2, discarded_at=AT)
    with django_assert_num_queries(10):
        client.get(LIST)


def test_only_ones_own_drafts_are_listed_and_counted(client, manager):
    make_draft(make_user("manager", email="daniel@northwind.example"), ["Secret"])
    make_draft(manager, ["Mine"])
    make_draft(manager, ["Sent"], is_submitted=True)

    said = words(client.get(LIST))

    assert "Mine" in said
    assert not {"Secret", "Sent"} & set(said.split())
    assert "Drafts 1" in words(client.get("/batches/"))


def test_an_auditor_has_no_drafts(client, manager):
    make_draft(manager, ["Mine"])
    client.force_login(make_user("auditor"))

    said = words(client.get(LIST))

    assert not {"Drafts", "Mine", "assignment"} & set(said.split())


def test_a_draft_is_discarded_and_put_back(client, manager):
    draft = make_draft(manager, ["Fire Safety"], 2)

    page = client.post(f"/assign/{draft.pk}/discard", follow=True)
    assert "No drafts" in words(page)
    assert "Discarded in the last 7 days Fire Safety for 2 people discarded" in words(page)

    client.post(f"/assign/{draft.pk}/recover")
    said = words(client.get(LIST))
    assert "Fire Safety for 2 people changed" in said
    assert "Discarded in" not in said
