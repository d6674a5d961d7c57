"""Lists of values to filter by: counts beside them, searching, queries."""

import random

import pytest

from assignments.models import (
    Account,
)
from assignments.queries import facet_counts
from tests.facets.people import (
    DEPARTMENT,
    HIRED,
    HTMX,
    LOCATION,
    listed,
    set_facets,
)
from tests.factories import AT, make_learner, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.core]


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
