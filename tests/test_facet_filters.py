"""Filters by several values of facets: whom they match, counts beside values, links, audiences."""

import random
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from assignments.audit.entries.actors import SYSTEM
from assignments.models import (
    Account,
    Audience,
    Draft,
    DraftContent,
    DraftLearner,
    Facet,
    FacetValue,
    RemoteAssignment,
)
from assignments.queries import facet_counts
from assignments.services.syncing import facets
from tests.factories import AT, make_account, make_content, make_learner, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]
HTMX = {"HX-Request": "true"}
DEPARTMENT = ("department", "Department")
LOCATION = ("location", "Location")
HIRED = ("hire_date", "Hire date")
TEAMS = (
    ("Ada", "Sales", "Lagos", "2024-03-15"),
    ("Ben", "Legal", "Athens", "2025-12-31"),
    ("Cid", "Sales", "Athens", "2026-01-01"),
    ("Dan", "IT", "Oslo", "2026-06-30"),
    ("Eve", "IT", None, None),
)


def set_facets(*chosen, account=None):
    """Set the facets of an account, as pairs of path and label."""
    account = account or make_account()
    facets.set_facets(account=account, chosen=chosen, by=SYSTEM, now=AT)


@pytest.fixture
def people():
    """Return five people by name, with facets of department, location and hire date."""
    names = ("department", "location", "hire_date")
    people = {
        name: make_learner(name=name, custom_fields=dict(zip(names, fields, strict=True)))
        for name, *fields in TEAMS
    }
    set_facets(DEPARTMENT, LOCATION, HIRED)
    return people


@pytest.fixture
def draft(client):
    """Sign a manager in and return the manager's draft."""
    user = make_user("manager")
    client.force_login(user)
    return Draft.objects.create(account=make_account(), owner=user, created_at=AT, changed_at=AT)


def shown(client, draft, query):
    """Return the names in the table of the draft's page."""
    page = client.get(f"/assign/{draft.pk}/?{query}").context["page"]
    return [str(row) for row in page.people.rows]


def listed(response):
    """Return the values of the open list with their counts, and those that are ticked."""
    html = response.content.decode()
    boxes = re.findall(
        r'<input type="checkbox"\s+name="f\.[^"]*"\s+value="([^"]*)"[^>]*?(checked)?>'
        r'.*?<span class="num muted">([\d,]+)',
        html,
        re.DOTALL,
    )
    return (
        {value: int(people.replace(",", "")) for value, _, people in boxes},
        [value for value, checked, _ in boxes if checked],
    )


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


@pytest.mark.parametrize("seed", range(3))
def test_counts_equal_a_recount_of_random_people(client, draft, seed):
    rng = random.Random(seed)
    choices = {
        "department": ["Sales", "Legal", "IT"],
        "location": ["Lagos", "Athens"],
        "skills": ["Go", "SQL", "Law"],
    }
    for number in range(40):
        fields = {path: rng.sample(values, rng.randrange(3)) for path, values in choices.items()}
        name = f"{rng.choice(['Ada', 'Ben'])} {number}"
        make_learner(name=name, custom_fields=fields, is_active=rng.random() < 0.8)
    set_facets(DEPARTMENT, LOCATION, ("skills", "Skills"))
    for _ in range(12):
        opened = rng.choice(list(choices))
        chosen = {
            path: rng.sample(values, rng.choice([0, 0, 1, 2])) for path, values in choices.items()
        }
        query = {f"f.{path}": values for path, values in chosen.items()}
        query |= rng.choice([{}, {"q": ["ada"]}, {"inactive": ["1"]}])

        part = client.get(f"/assign/{draft.pk}/", query | {"open": [opened]}, headers=HTMX)

        counts, ticked = listed(part)
        assert ticked == sorted(chosen[opened], key=str.casefold)
        for value in choices[opened]:
            alone = query | {f"f.{opened}": [value]}
            matching = client.get(f"/assign/{draft.pk}/", alone).context["page"].people.total
            assert (value, counts.get(value, 0)) == (value, matching)


@pytest.mark.parametrize("limit", [pytest.param(2, id="many"), pytest.param(4_000, id="few")])
def test_many_and_few_people_are_counted_alike(client, draft, people, monkeypatch, limit):
    monkeypatch.setattr(facet_counts, "MAX_CANDIDATES", limit)

    part = client.get(
        f"/assign/{draft.pk}/?f.department=Sales&f.department=IT&open=location", headers=HTMX
    )

    assert listed(part) == ({"Athens": 1, "Lagos": 1, "Oslo": 1}, [])


def test_the_list_of_people_counts_inactive_ones_and_all_accounts(client, people):
    second = Account.objects.create(remote_id="second", name="Docebo", synced_at=AT)
    make_learner(second, name="Fay", custom_fields={"location": "Athens"})
    make_learner(name="Gus", custom_fields={"location": "Athens"}, is_active=False)
    set_facets(("location", "Site"), account=second)
    set_facets(DEPARTMENT, ("location", "City"))
    client.force_login(make_user("auditor"))

    part = client.get("/people/?open=location", headers=HTMX)
    page = client.get("/people/?f.location=Athens&f.location=Lagos")

    assert listed(part)[0] == {"Athens": 4, "Lagos": 1, "Oslo": 1}
    assert page.context["sheet"].total == 5


def test_values_are_searched_without_accents_and_ticked_ones_stay(client, draft):
    for number in range(150):
        make_learner(custom_fields={"location": f"Zürich {number:03}"})
    make_learner(custom_fields={"location": "Oslo"})
    set_facets(LOCATION)
    path = f"/assign/{draft.pk}/"

    everything = client.get(path, {"open": "location"}, headers=HTMX)
    matches = client.get(
        path, {"open": "location", "value": "ZURICH 14", "f.location": "Oslo"}, headers=HTMX
    )

    assert len(listed(everything)[0]) == 100
    assert "51 rarer values are not listed. Search for more." in everything.content.decode()
    assert listed(matches) == (
        {"Oslo": 1} | {f"Zürich {number}": 1 for number in range(140, 150)},
        ["Oslo"],
    )


@pytest.mark.parametrize("opened", ["moon", "hire_date", "", "\0"])
def test_a_facet_without_a_list_opens_nothing(client, draft, people, opened):
    part = client.get(f"/assign/{draft.pk}/", {"open": opened}, headers=HTMX)

    assert (part.status_code, part.content.decode().strip()) == (200, "")


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


def test_only_fields_whose_values_are_all_dates_are_dates():
    make_learner(
        custom_fields={
            "iso": "2026-03-15T00:00:00Z",
            "words": "15 March 2026",
            "cost_centre": "46097",
            "mixed": "2026-03-15",
            "none": None,
        }
    )
    make_learner(custom_fields={"mixed": "unknown"})
    paths = ("iso", "words", "cost_centre", "mixed", "none")
    set_facets(*((path, path) for path in paths))

    dates = Facet.objects.filter(is_date=True).order_by("position")
    assert [facet.path for facet in dates] == ["iso", "words"]
    values = FacetValue.objects.filter(facet__is_date=True).values_list("value", flat=True)
    assert list(values) == ["2026-03-15", "2026-03-15"]


def test_the_first_sync_chooses_the_hire_date():
    person = {"Hire_Date": "2026-03-15", "department": "Sales", "start_date": None}
    facets.set_default_facets(account=make_account(), people=iter([person]), now=AT)

    chosen = Facet.objects.order_by("position").values_list("path", "is_date")
    assert list(chosen) == [("department", False), ("Hire_Date", True), ("start_date", False)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        pytest.param("has=has&due_before=2026-12-01", ["Ada", "Ben"], id="has it"),
        pytest.param("due_before=2026-12-01", ["Ada", "Ben"], id="without a choice"),
        pytest.param("has=completed&due_before=2026-12-01", ["Ben"], id="completed it"),
        pytest.param("has=none&due_before=2026-12-01", ["Cid", "Dan", "Eve"], id="not due"),
        pytest.param("has=has&due_before=2026-12-02", ["Ada", "Ben", "Cid"], id="a day later"),
        pytest.param("has=has&due_before=9999-12-31", ["Ada", "Ben", "Cid", "Dan"], id="ignored"),
        pytest.param("has=has&due_before=0001-01-01", ["Ada", "Ben", "Cid", "Dan"], id="year 1"),
    ],
)
def test_content_that_is_due_before_a_day(client, draft, people, settings, query, names):
    settings.TIME_ZONE = "Pacific/Auckland"
    content = make_content()
    DraftContent.objects.create(draft=draft, content=content)
    midnight = datetime(2026, 12, 1, tzinfo=ZoneInfo(settings.TIME_ZONE))
    dues = {
        "Ada": midnight - timedelta(seconds=1),
        "Ben": AT,
        "Cid": midnight,
        "Dan": None,
    }
    for name, due_at in dues.items():
        RemoteAssignment.objects.create(
            account=draft.account,
            remote_id=name,
            learner=people[name],
            content=content,
            status="completed" if name == "Ben" else "pending",
            due_at=due_at,
            first_seen_at=AT,
        )

    assert shown(client, draft, query) == names


def test_a_due_day_filters_nobody_without_content(client, draft, people):
    page = client.get(f"/assign/{draft.pk}/?has=has&due_before=2026-12-01").context["page"]

    assert (len(page.people.rows), page.table.filter) == (5, "")


@pytest.mark.parametrize("count", [pytest.param(1, id="one row"), pytest.param(3, id="three rows")])
def test_filtered_pages_take_a_constant_number_of_queries(client, django_assert_num_queries, count):
    for number in range(count):
        make_learner(
            custom_fields={"location": f"City {number}", "hire_date": f"2026-01-0{number + 1}"}
        )
    set_facets(LOCATION, HIRED)
    client.force_login(make_user("auditor"))
    query = {"f.location": ["City 0", "City 1", "City 2", "City 3"], "from.hire_date": "2020-01-01"}

    with django_assert_num_queries(12):
        client.get("/people/", query)
    with django_assert_num_queries(9):
        client.get("/people/", query | {"open": "location"}, headers=HTMX)
