"""The global search."""

import re

import pytest
from django.urls import reverse

from assignments.models.sql.text_folding import fold
from tests.factories import make_batch, make_content, make_learner, make_user
from tests.log_fixtures import write_log

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def auditor(client):
    """Sign in an auditor, who may only read."""
    client.force_login(make_user("auditor"))


def search(client, words):
    """Search for the words."""
    return client.get(reverse("search"), {"q": words})


def words(response):
    """Return the text of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_search_redirects_to_an_exact_match(client):
    batch = make_batch([{"state": "created", "remote_id": "LMS-77"}])
    learner = make_learner(external_reference="NW-10379", email="elif@northwind.example")
    content = make_content(external_reference="CRS-0977")
    write_log(3)
    leads_to = {
        str(batch).lower(): reverse("batch", args=[batch.number]),
        "#2": reverse("entry", args=[2]),
        "nw-10379": reverse("person", args=[learner.pk]),
        "Elif@Northwind.example": reverse("person", args=[learner.pk]),
        learner.remote_id: reverse("person", args=[learner.pk]),
        "LMS-77": reverse("person", args=[batch.assignments.get().learner_id]),
        "crs-0977": reverse("content-item", args=[content.pk]),
    }

    redirects = {query: search(client, query).headers.get("Location") for query in leads_to}

    assert redirects == leads_to


def test_search_lists_several_exact_matches(client):
    for name in ("Amara Okafor", "Amara Okafor", "Ben Amara"):
        search_text = fold(f"{name} NW-1")
        make_learner(name=name, external_reference="NW-1", search_text=search_text)

    text = words(search(client, "amara"))

    assert text.count("Amara Okafor") == 2
    assert "Ben Amara" in text
    assert "All people who match" in text
    assert words(search(client, "nw-1")).count("Amara") == 3


def test_search_groups_matches_by_kind(client):
    make_learner(name="Fire Marshal", search_text="fire marshal")
    make_content(title="Fire Safety")
    make_batch(["created"], title="Fire Drill")

    text = words(search(client, "fire"))

    assert all(title in text for title in ("Fire Marshal", "Fire Safety", "Fire Drill"))


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("nobody", id="words"),
        pytest.param("B-9999", id="a batch"),
        pytest.param("#99,999", id="an entry"),
        pytest.param("#,", id="no number"),
        pytest.param("a\x00b", id="a NUL"),
    ],
)
def test_search_without_matches_shows_no_results(client, query):
    assert "No results" in words(search(client, query))


def test_empty_search_shows_help(client):
    text = words(search(client, " "))

    assert "leads straight there" in text
    assert "No results" not in text
