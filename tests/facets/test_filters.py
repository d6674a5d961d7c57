"""Filters by several values of facets: whom they match, chips, links, audiences."""

import re

import pytest
from django.urls import reverse

from assignments.models import (
    Audience,
    DraftLearner,
)
from tests.facets.people import (
    DEPARTMENT,
    HIRED,
    HTMX,
    LOCATION,
    TEAMS,
    listed,
    set_facets,
    shown,
)
from tests.factories import make_learner

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("f.location=Lagos&f.location=Athens", ["Ada", "Ben", "Cid"], id="or"),
        pytest.param(
            "f.location=Lagos&f.location=Athens&f.department=Sales&f.department=IT",
            ["Ada", "Cid"],
            id="and between facets",
        ),
        pytest.param("f.location=Lagos", ["Ada"], id="one value, as in old links"),
        pytest.param("f.location=Lagos&f.location=Atlantis", ["Ada"], id="an unknown value"),
        pytest.param("f.location=Atlantis", [], id="only unknown values"),
        pytest.param("f.location=&f.location=Oslo", ["Dan"], id="an empty value"),
        pytest.param("f.location=Os%00lo", ["Dan"], id="NUL"),
        pytest.param("f.moon=Oslo&f.department=Legal", ["Ben"], id="an unknown facet"),
        pytest.param("from.hire_date=2026-01-01", ["Cid", "Dan"], id="since a day"),
        pytest.param("to.hire_date=2025-12-31", ["Ada", "Ben"], id="until a day"),
        pytest.param(
            "from.hire_date=2025-12-31&to.hire_date=2026-01-01&f.department=Sales",
            ["Cid"],
            id="a range and a value",
        ),
        pytest.param("from.hire_date=2027-01-01&to.hire_date=2026-01-01", [], id="no day"),
        pytest.param("from.hire_date=soon", [name for name, *_ in TEAMS], id="not a day"),
        pytest.param("from.hire_date=%00&to.hire_date=0001-01-01", [], id="NUL and year 1"),
    ],
)
def test_facets_match_one_of_their_values_each(client, draft, people, query, names):
    assert shown(client, draft, query) == names


def test_a_very_long_list_of_values_is_no_server_error(client, draft, people):
    query = "&".join(f"f.location={number}" for number in range(500))

    page = client.get(f"/assign/{draft.pk}/?{query}&f.location=Lagos")
    part = client.get(f"/assign/{draft.pk}/?{query}&open=location&value=%00", headers=HTMX)

    assert [str(row) for row in page.context["page"].people.rows] == ["Ada"]
    assert "Location: <b>501 of 501</b>" in page.content.decode()
    assert listed(part)[0] | {"Lagos": 1, "Athens": 2, "Oslo": 1} == listed(part)[0]


def test_chips_and_controls_say_what_is_chosen(client, draft, people):
    query = "f.department=IT&f.department=Sales&f.location=Lagos&from.hire_date=2024-01-01"
    html = client.get(f"/assign/{draft.pk}/?{query}").content.decode()

    assert "Department: <b>IT, Sales</b>" in html
    assert "Hire date: <b>from 1 January 2024</b>" in html
    chips = client.get(f"/assign/{draft.pk}/?{query}").context["page"].table.chips
    assert [(chip["label"], chip["value"]) for chip in chips] == [
        ("Department", "IT"),
        ("Department", "Sales"),
        ("Location", "Lagos"),
        ("Hire date", "from 1 January 2024"),
    ]
    assert chips[0]["without"] == ("?f.department=Sales&f.location=Lagos&from.hire_date=2024-01-01")
    assert chips[3]["without"] == "?f.department=IT&f.department=Sales&f.location=Lagos"


def test_many_values_are_a_number_of_all(client, draft):
    for number in range(12):
        make_learner(custom_fields={"department": f"Team {number:02}"})
    set_facets(DEPARTMENT)
    query = "&".join(f"f.department=Team+{number:02}" for number in range(8))

    response = client.get(f"/assign/{draft.pk}/?{query}")

    assert "Department: <b>8 of 12</b>" in response.content.decode()
    chips = response.context["page"].table.chips
    assert [(chip["value"], chip["without"]) for chip in chips] == [("8 of 12", "?")]


def test_without_scripts_the_page_has_the_list_in_the_search_form(client, draft, people):
    path = f"/assign/{draft.pk}/"
    closed = client.get(f"{path}?f.location=Lagos&f.location=Oslo").content.decode()
    (link,) = re.findall(r'href="([^"]*open=location)"', closed)

    opened = client.get(f"{path}{link.replace('&amp;', '&')}")

    hidden = re.findall(r'type="hidden"\s+name="f.location"\s+value="(\w+)"', closed)
    # Of the search form, and of the draft's.
    assert hidden == ["Lagos", "Oslo"] * 2
    assert listed(opened) == ({"Athens": 2, "Lagos": 1, "Oslo": 1}, ["Lagos", "Oslo"])
    assert re.search(r'<details class="drop facet"[^>]*open>', opened.content.decode())
    assert [str(row) for row in opened.context["page"].people.rows] == ["Ada", "Dan"]


def test_select_all_selects_who_is_shown(client, draft, people):
    query = "f.location=Lagos&f.location=Athens&f.department=Sales&to.hire_date=2026-01-01"
    page = client.get(f"/assign/{draft.pk}/?{query}").context["page"]
    fields: dict[str, list[str]] = {}
    for name, value in page.table.hidden_fields:
        fields.setdefault(name, []).append(value)

    client.post(reverse("assign-pick-all", args=[draft.pk]), fields)

    selected = DraftLearner.objects.filter(draft=draft).values_list("learner__name", flat=True)
    assert sorted(selected) == [str(row) for row in page.people.rows] == ["Ada", "Cid"]


def test_an_audience_keeps_several_values(client, draft, people):
    query = "f.location=Lagos&f.location=Athens&from.hire_date=2025-01-01"
    page = client.get(f"/assign/{draft.pk}/?{query}").context["page"]
    fields = {"name": "South", "query": page.people_filter, "keeps_filter": "1"}
    client.post(reverse("assign-save-audience", args=[draft.pk]), fields)
    # Whoever has the value when it is used, in whatever order the facets are then.
    make_learner(name="Fay", custom_fields={"location": "Lagos", "hire_date": "2026-02-01"})
    set_facets(HIRED, LOCATION)

    client.post(reverse("assign-audience", args=[draft.pk]), {"add": Audience.objects.get().pk})

    selected = DraftLearner.objects.filter(draft=draft).values_list("learner__name", flat=True)
    assert sorted(selected) == ["Ben", "Cid", "Fay"]
    assert Audience.objects.get().people == 3
