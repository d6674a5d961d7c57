"""Facets: what stands in custom fields, who has it, who chooses, and lists filtered by it."""

import re

import pytest
from django.urls import reverse

from assignments.audit.entries.actors import SYSTEM
from assignments.models import (
    Draft,
    DraftContent,
    DraftLearner,
    Facet,
    FacetValue,
    LearnerFacet,
    LogEntry,
    RemoteAssignment,
)
from assignments.queries import facet_values
from assignments.services.syncing import facets
from tests.factories import AT, make_account, make_content, make_learner, make_user

pytestmark = pytest.mark.django_db
DEPARTMENT = ("department", "Department")
CITY = ("address.city", "City")


@pytest.fixture
def people():
    """Return three people with fields, the last one inactive."""
    return [
        make_learner(
            name="Ada", custom_fields={"department": "Sales", "address": {"city": "Rome"}}
        ),
        make_learner(name="Ben", custom_fields={"department": "Legal"}),
        make_learner(name="Cid", custom_fields={"department": "Sales"}, is_active=False),
    ]


def choose(*chosen):
    """Filter by these fields."""
    facets.set_facets(account=make_account(), chosen=chosen, by=SYSTEM, now=AT)


def shown(response):
    """Return the names in the list of people."""
    return [str(person) for person in response.context["sheet"].rows]


@pytest.mark.parametrize(
    ("fields", "path", "found"),
    [
        pytest.param({"a": "Sales"}, "a", {"Sales"}, id="text"),
        pytest.param({"a": "  Big \n Sales "}, "a", {"Big Sales"}, id="spaces"),
        pytest.param({"a": 7}, "a", {"7"}, id="a number"),
        pytest.param({"a": True}, "a", {"yes"}, id="a flag"),
        pytest.param({"a": ["x", "y", None]}, "a", {"x", "y"}, id="a list"),
        pytest.param({"a": {"b": "x"}}, "a.b", {"x"}, id="deeper"),
        pytest.param({"a.b": "x"}, "a.b", {"x"}, id="a dot in the name"),
        pytest.param({"a": {"b": "x"}}, "a", set(), id="an object is no value"),
        pytest.param({"a": None}, "a", set(), id="nothing"),
        pytest.param({"a": "x"}, "a.b", set(), id="not so deep"),
        pytest.param({}, "a", set(), id="not there"),
        pytest.param({"a": "x" * 300}, "a", {"x" * 200}, id="very long"),
    ],
)
def test_values_at_a_path(fields, path, found):
    assert facets.values_at(fields, path) == found


def test_chosen_fields_are_filled_and_counted(people):
    choose(DEPARTMENT, CITY)

    counted = FacetValue.objects.order_by("value").values_list("facet__path", "value", "people")
    assert list(counted) == [
        ("department", "Legal", 1),
        ("address.city", "Rome", 1),
        ("department", "Sales", 1),
    ]
    assert facet_values.values_of([person.pk for person in people], ["department"]) == {
        people[0].pk: {"department": "Sales"},
        people[1].pk: {"department": "Legal"},
        people[2].pk: {"department": "Sales"},
    }


def test_the_same_choice_again_is_no_change(people):
    choose(DEPARTMENT)
    choose(DEPARTMENT)

    assert [entry.action for entry in LogEntry.objects.all()] == ["settings.changed"]


def test_a_field_taken_off_takes_its_values_along(people):
    choose(DEPARTMENT, CITY)
    choose(("department", "Team"))

    assert [str(facet) for facet in Facet.objects.all()] == ["Team"]
    assert LearnerFacet.objects.count() == 3


def test_keep_writes_only_what_changed(people):
    choose(DEPARTMENT)
    before = set(LearnerFacet.objects.values_list("pk", flat=True))
    ada, ben = people[:2]

    facets.keep(ada.account_id, {ada.pk: {"department": ["IT", "Sales"]}, ben.pk: {}})

    after = set(LearnerFacet.objects.values_list("pk", flat=True))
    assert (len(before - after), len(after - before)) == (1, 1)
    assert facet_values.values_of([ada.pk, ben.pk], ["department"]) == {
        ada.pk: {"department": "IT, Sales"}
    }


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        pytest.param([DEPARTMENT, DEPARTMENT], "named twice", id="twice"),
        pytest.param([(f"f{n}", "F") for n in range(7)], "at most 6", id="too many"),
    ],
)
def test_set_facets_refuses(chosen, sentence):
    with pytest.raises(facets.FacetsRefused, match=sentence):
        choose(*chosen)

    assert (Facet.objects.count(), LogEntry.objects.count()) == (0, 0)


def test_likely_fields_are_proposed_once():
    fields = {"Location": "Rome", "DEPARTMENT": "Sales", "shoe_size": 42}
    facets.propose(account=make_account(), people=[fields], now=AT)
    facets.propose(account=make_account(), people=[{"department": "Sales"}], now=AT)

    assert [facet.path for facet in facet_values.facets(None)] == ["DEPARTMENT", "Location"]
    assert LogEntry.objects.count() == 1


def test_people_are_filtered_by_value(client, people):
    choose(DEPARTMENT, CITY)
    client.force_login(make_user("auditor"))

    sales = client.get(reverse("people"), {"f.department": "Sales"})
    both = client.get(reverse("people"), {"f.department": "Sales", "f.address.city": "Rome"})
    nobody = client.get(reverse("people"), {"f.department": "Catering"})

    assert [shown(page) for page in (sales, both, nobody)] == [["Ada", "Cid"], ["Ada"], []]
    assert "Department: <b>Sales</b>" in re.sub(r"\s+", " ", sales.content.decode())
    assert "Sales (1)" in sales.content.decode()
    assert "Remove search and filters" in nobody.content.decode()


@pytest.mark.parametrize(
    ("has", "names"),
    [
        pytest.param("", ["Ada", "Ben", "Dan"], id="everybody"),
        pytest.param("has", ["Ada", "Ben"], id="have it"),
        pytest.param("completed", ["Ben"], id="have completed it"),
        pytest.param("none", ["Dan"], id="do not have it"),
    ],
)
def test_people_are_picked_by_what_they_have(client, people, has, names):
    make_learner(name="Dan")
    user, content = make_user("manager"), make_content()
    draft = Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)
    DraftContent.objects.create(draft=draft, content=content)
    for learner, status in zip(people[:2], ("pending", "completed"), strict=True):
        RemoteAssignment.objects.create(
            account=draft.account,
            remote_id=learner.name,
            learner=learner,
            content=content,
            status=status,
            first_seen_at=AT,
        )
    client.force_login(user)

    response = client.get(reverse("assign", args=[draft.pk]), {"has": has})

    assert [str(person) for person in response.context["page"].people.rows] == names


def test_the_selection_says_how_many_are_in_the_filter(client, people):
    choose(DEPARTMENT)
    user = make_user("manager")
    draft = Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)
    for person in people[:2]:
        DraftLearner.objects.create(draft=draft, learner=person)
    client.force_login(user)

    html = client.get(
        reverse("assign", args=[draft.pk]), {"f.department": "Sales"}
    ).content.decode()

    said = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert "2 selected, 1 of them in this filter · 1 matches" in said
    assert "Select all 1 that match" in said


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_filters_cost_the_same_however_many(client, django_assert_num_queries, count):
    for number in range(count):
        make_learner(custom_fields={"department": f"Team {number}"})
    choose(DEPARTMENT)
    client.force_login(make_user("auditor"))

    with django_assert_num_queries(9):
        client.get(reverse("people"))


def test_an_administrator_chooses_fields(client, people):
    account = make_account()
    client.force_login(make_user("admin"))
    path = reverse("facets", args=[account.pk])

    assert "address.city (such as Rome)" in client.get(path).content.decode()
    kept = client.post(path, {"path": ["", "address.city"], "label": ["x", ""]})
    twice = client.post(path, {"path": ["department"] * 2, "label": ["A", "B"]})

    assert (kept.status_code, twice.status_code) == (302, 422)
    assert "A field is named twice." in twice.content.decode()
    assert list(Facet.objects.values_list("path", "label")) == [("address.city", "city")]
    assert "People are filtered by city." in client.get(reverse("settings")).content.decode()
    assert client.get(reverse("facets", args=[account.pk + 1])).status_code == 404


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_nobody_else_chooses_fields(client, role):
    client.force_login(make_user(role))
    path = reverse("facets", args=[make_account().pk])

    assert [client.get(path).status_code, client.post(path).status_code] == [403, 403]
    assert "Choose fields" not in client.get(reverse("settings")).content.decode()
