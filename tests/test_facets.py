"""Facets: values of custom fields, choosing facets, and lists of people filtered by them."""

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


def set_facets(*chosen):
    """Set the facets of the account, as pairs of path and label."""
    facets.set_facets(account=make_account(), chosen=chosen, by=SYSTEM, now=AT)


def shown(response):
    """Return the names in the list of people."""
    return [str(person) for person in response.context["sheet"].rows]


@pytest.mark.parametrize(
    ("fields", "path", "values"),
    [
        pytest.param({"a": "Sales"}, "a", {"Sales"}, id="text"),
        pytest.param({"a": "  Big \n Sales "}, "a", {"Big Sales"}, id="spaces"),
        pytest.param({"a": 7}, "a", {"7"}, id="a number"),
        pytest.param({"a": True}, "a", {"yes"}, id="a flag"),
        pytest.param({"a": ["x", "y", None]}, "a", {"x", "y"}, id="a list"),
        pytest.param({"a": {"b": "x"}}, "a.b", {"x"}, id="nested"),
        pytest.param({"a.b": "x"}, "a.b", {"x"}, id="a dot in the name"),
        pytest.param({"a": {"b": "x"}}, "a", set(), id="an object"),
        pytest.param({"a": None}, "a", set(), id="nothing"),
        pytest.param({"a": "x"}, "a.b", set(), id="not nested"),
        pytest.param({}, "a", set(), id="missing"),
        pytest.param({"a": "x" * 300}, "a", {"x" * 200}, id="very long"),
    ],
)
def test_field_values(fields, path, values):
    assert facets.field_values(fields, path) == values


def test_values_of_chosen_fields_are_stored_and_counted(people):
    set_facets(DEPARTMENT, CITY)

    counted = FacetValue.objects.order_by("value").values_list("facet__path", "value", "people")
    assert list(counted) == [
        ("department", "Legal", 1),
        ("address.city", "Rome", 1),
        ("department", "Sales", 1),
    ]
    assert facet_values.facet_texts([person.pk for person in people], ["department"]) == {
        people[0].pk: {"department": "Sales"},
        people[1].pk: {"department": "Legal"},
        people[2].pk: {"department": "Sales"},
    }


def test_setting_the_same_facets_again_is_not_recorded(people):
    set_facets(DEPARTMENT)
    set_facets(DEPARTMENT)

    assert [entry.action for entry in LogEntry.objects.all()] == ["settings.changed"]


def test_removing_a_facet_deletes_its_values(people):
    set_facets(DEPARTMENT, CITY)
    set_facets(("department", "Team"))

    assert [str(facet) for facet in Facet.objects.all()] == ["Team"]
    assert LearnerFacet.objects.count() == 3


def test_store_values_writes_only_changes(people):
    set_facets(DEPARTMENT)
    before = set(LearnerFacet.objects.values_list("pk", flat=True))
    ada, ben = people[:2]

    facets.store_values(ada.account_id, {ada.pk: {"department": ["IT", "Sales"]}, ben.pk: {}})

    after = set(LearnerFacet.objects.values_list("pk", flat=True))
    assert (len(before - after), len(after - before)) == (1, 1)
    assert facet_values.facet_texts([ada.pk, ben.pk], ["department"]) == {
        ada.pk: {"department": "IT, Sales"}
    }


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        pytest.param([DEPARTMENT, DEPARTMENT], "named twice", id="twice"),
        pytest.param([(f"f{n}", "F") for n in range(7)], "at most 6", id="too many"),
    ],
)
def test_set_facets_refuses_duplicates_and_too_many(chosen, sentence):
    with pytest.raises(facets.FacetsRefused, match=sentence):
        set_facets(*chosen)

    assert (Facet.objects.count(), LogEntry.objects.count()) == (0, 0)


def test_default_facets_are_set_once():
    fields = {"Location": "Rome", "DEPARTMENT": "Sales", "shoe_size": 42}
    facets.set_default_facets(account=make_account(), people=[fields], now=AT)
    facets.set_default_facets(account=make_account(), people=[{"department": "Sales"}], now=AT)

    assert [facet.path for facet in facet_values.facets(None)] == ["DEPARTMENT", "Location"]
    assert LogEntry.objects.count() == 1


def test_people_are_filtered_by_value(client, people):
    set_facets(DEPARTMENT, CITY)
    client.force_login(make_user("auditor"))

    sales = client.get(reverse("people"), {"f.department": "Sales"})
    both = client.get(reverse("people"), {"f.department": "Sales", "f.address.city": "Rome"})
    nobody = client.get(reverse("people"), {"f.department": "Catering"})

    assert [shown(page) for page in (sales, both, nobody)] == [["Ada", "Cid"], ["Ada"], []]
    assert "Department: <b>Sales</b>" in re.sub(r"\s+", " ", sales.content.decode())
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
def test_people_are_filtered_by_their_assignments(client, people, has, names):
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


def test_the_selection_counts_people_who_match_the_filter(client, people):
    set_facets(DEPARTMENT)
    user = make_user("manager")
    draft = Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)
    for person in people[:2]:
        DraftLearner.objects.create(draft=draft, learner=person)
    client.force_login(user)

    html = client.get(
        reverse("assign", args=[draft.pk]), {"f.department": "Sales"}
    ).content.decode()

    text = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert "2 selected, 1 of them in this filter · 1 matches" in text
    assert "Select all 1 that match" in text


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_filters_take_a_constant_number_of_queries(client, django_assert_num_queries, count):
    for number in range(count):
        make_learner(custom_fields={"department": f"Team {number}"})
    set_facets(DEPARTMENT)
    client.force_login(make_user("auditor"))

    with django_assert_num_queries(8):
        client.get(reverse("people"))


def test_an_administrator_chooses_fields(client, people):
    account = make_account()
    client.force_login(make_user("admin"))
    path = reverse("facets", args=[account.pk])

    assert "address.city (such as Rome)" in client.get(path).content.decode()
    saved = client.post(path, {"path": ["", "address.city"], "label": ["x", ""]})
    duplicate = client.post(path, {"path": ["department"] * 2, "label": ["A", "B"]})

    assert (saved.status_code, duplicate.status_code) == (302, 422)
    assert "A field is named twice." in duplicate.content.decode()
    assert list(Facet.objects.values_list("path", "label")) == [("address.city", "city")]
    assert "People are filtered by city." in client.get(reverse("settings")).content.decode()
    assert client.get(reverse("facets", args=[account.pk + 1])).status_code == 404


@pytest.mark.parametrize("role", ["manager", "auditor"])
def test_other_roles_cannot_choose_fields(client, role):
    client.force_login(make_user(role))
    path = reverse("facets", args=[make_account().pk])

    assert [client.get(path).status_code, client.post(path).status_code] == [403, 403]
    assert "Choose fields" not in client.get(reverse("settings")).content.decode()
