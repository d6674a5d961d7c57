"""The people and content of the sandbox: realistic, the same for a seed, in complete lists."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assignments.stackone.sandbox.data.catalogue import (
    SHOWCASE_ITEMS,
    generate_courses,
    generate_items,
)
from assignments.stackone.sandbox.data.history import generate_history
from assignments.stackone.sandbox.data.people import generate_people
from tests.sandbox_process import Sandbox, running_sandbox

FORMS = {"video", "quiz", "document", "audio", "article"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(learners=230, content=120) as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with sandbox.client() as client:
        yield client


def pages_of(client: httpx.Client, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """Yield every page of a list."""
    page = client.get(f"/unified/lms/{path}", params=query).json()
    yield page
    while page["next"]:
        page = client.get(f"/unified/lms/{path}", params=query | {"next": page["next"]}).json()
        yield page


def rows(client: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    return [row for page in pages_of(client, path, **query) for row in page["data"]]


def test_people_are_the_same_for_a_seed_and_a_larger_count_adds_to_them() -> None:
    few = generate_people(7, 200)
    assert generate_people(7, 300)[: len(few)] == few
    assert generate_people(7, 20) != generate_people(8, 20)


def test_inactive_people_do_not_count() -> None:
    learners = generate_people(1, 500)

    active = [learner for learner in learners if learner.active]
    assert (len(active), len(learners) > 500, learners[-1].active) == (500, True, True)


def test_people_have_unique_ids_references_and_addresses() -> None:
    learners = generate_people(1, 5000)

    emails = [learner.email for learner in learners if learner.email]
    for values in (
        [learner.id for learner in learners],
        [learner.remote_id for learner in learners],
        [learner.external_reference for learner in learners],
        emails,
    ):
        assert len(set(values)) == len(values)
    assert all(email.isascii() and email.endswith("@northwind.example") for email in emails)
    assert max(len(email.partition("@")[0]) for email in emails) <= 64


def test_people_have_names_that_break_naive_code() -> None:
    learners = generate_people(1, 5000)

    namesakes = Counter(learner.name for learner in learners)
    assert namesakes["Maria Silva"] >= 2
    assert any("'" in name for name in namesakes)
    assert any("\u0590" <= letter <= "\u06ff" for name in namesakes for letter in name)
    assert max(map(len, namesakes)) > 60
    assert 0.01 < sum(not learner.active for learner in learners) / 5000 < 0.03
    assert 0 < sum(learner.email is None for learner in learners) / 5000 < 0.01


def test_content_has_every_form_and_a_few_items_that_cannot_be_assigned() -> None:
    items = generate_items(1, 1000)

    assert {item.details["content_type"]["value"] for item in items} == FORMS
    assert all(item.active and item.external_reference for item in items[:SHOWCASE_ITEMS])
    assert 0.01 < sum(not item.active for item in items) / 1000 < 0.05
    assert 0.01 < sum(item.external_reference is None for item in items) / 1000 < 0.05
    assert len({item.details["title"] for item in items}) == 1000


def test_courses_consist_of_content() -> None:
    items = generate_items(1, 50)

    ids = {item.id for item in items}
    generated = generate_courses(1, items)
    assert len(generated) == 4
    assert all(set(course.details["content_ids"]) <= ids for course in generated)


def test_history_gives_some_people_a_few_of_the_first_items() -> None:
    learners, content = generate_people(1, 5000), generate_items(1, 100)

    records = list(generate_history(1, learners, content))
    assert records == list(generate_history(1, learners, content))
    each = Counter(record.learner for record in records)
    assert 0.04 < len(each) / 5000 < 0.08
    assert set(each.values()) == {1, 2, 3}
    assert {record.content for record in records} == {item.id for item in content[:SHOWCASE_ITEMS]}
    assert {record.status for record in records} == {"pending", "in_progress", "completed"}


@pytest.mark.parametrize("page_size", ["", "1", "7", "100", "5000"])
def test_users_can_be_read_to_the_end_whatever_the_page_size(
    client: httpx.Client, page_size: str
) -> None:
    pages = list(pages_of(client, "users", page_size=page_size))

    size = min(int(page_size or 25), 100)
    everybody = len(generate_people(1, 230))
    assert [len(page["data"]) for page in pages[:-1]] == [size] * ((everybody - 1) // size)
    assert pages[-1]["next"] is None
    learners = [row["external_reference"] for page in pages for row in page["data"]]
    assert learners == [f"NW-{10_000 + number}" for number in range(everybody)]


def test_cursors_are_long_and_never_the_same(client: httpx.Client) -> None:
    first, again = (client.get("/unified/lms/users").json()["next"] for _ in range(2))

    assert len(first) > 255
    assert first != again


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param("users", {"next": "bm90IGEgY3Vyc29y"}, id="not a cursor"),
        pytest.param("users", {"next": "ü"}, id="not even base64"),
        pytest.param("users", {"next": "W10="}, id="not an object"),
        pytest.param("users", {"page_size": "0"}, id="no rows"),
        pytest.param("users", {"page_size": "ten"}, id="size in words"),
        pytest.param("users", {"raw": "perhaps"}, id="raw in words"),
        pytest.param("users", {"filter": "active"}, id="filter without a name"),
        pytest.param("users", {"filter[updated_after]": "2026-01-01"}, id="date without a time"),
        pytest.param("users", {"updated_after": ""}, id="no date"),
        pytest.param("users", {"filter[email][eq]": "x"}, id="filter within a filter"),
        pytest.param("content", {"filter[active]": "false"}, id="only the inactive"),
        pytest.param("assignments", {"filter[status]": "in-progress"}, id="status with a hyphen"),
    ],
)
def test_lists_refuse_invalid_parameters(
    client: httpx.Client, path: str, query: dict[str, str]
) -> None:
    response = client.get(f"/unified/lms/{path}", params=query)

    assert response.status_code == 400
    assert list(response.json()) == ["statusCode", "message", "timestamp"]


def test_a_cursor_is_refused_by_another_list(client: httpx.Client) -> None:
    cursor = client.get("/unified/lms/users").json()["next"]

    response = client.get("/unified/lms/content", params={"next": cursor})

    assert (response.status_code, response.json()["message"]) == (400, "Invalid cursor in next")


def test_users_can_be_filtered(client: httpx.Client) -> None:
    everybody = rows(client, "users")
    second = everybody[3]

    changed = [row for row in everybody if row["updated_at"] > "2026-06-01T00:00:00.000Z"]
    since = {"filter[updated_after]": "2026-06-01T02:00:00+02:00"}
    assert 0 < len(changed) < 230
    assert rows(client, "users", **since, page_size="10") == changed
    assert rows(client, "users", updated_after="2026-06-01T00:00:00Z") == changed
    assert rows(client, "users", **{"filter[email]": second["email"].upper()}) == [second]
    reference = {"filter[external_reference]": second["external_reference"]}
    assert rows(client, "users", **reference) == [second]
    assert rows(client, "users", **{"filter[email]": "nobody@northwind.example"}) == []


def test_content_can_be_filtered_and_reduced_to_a_few_fields(client: httpx.Client) -> None:
    content = rows(client, "content")

    active = rows(client, "content", **{"filter[active]": "true"})
    assert active == [row for row in content if row["active"]] != content
    titles = client.get("/unified/lms/content", params={"fields": "id, title", "page_size": "2"})
    assert titles.json()["data"] == [
        {"id": row["id"], "title": row["title"]} for row in content[:2]
    ]


@pytest.mark.parametrize("path", ["users", "content", "courses", "assignments"])
def test_every_record_can_be_read_by_id(client: httpx.Client, path: str) -> None:
    row = rows(client, path)[-1]

    assert client.get(f"/unified/lms/{path}/{row['id']}").json() == {"data": row}


@pytest.mark.parametrize("path", ["users/x", "content/x", "courses/x", "assignments/x"])
def test_an_unknown_id_is_not_found(client: httpx.Client, path: str) -> None:
    response = client.get(f"/unified/lms/{path}")

    assert (response.status_code, response.json()["statusCode"]) == (404, 404)


def test_content_is_not_found_among_courses(client: httpx.Client) -> None:
    item = rows(client, "content")[0]["id"]

    response = client.get(f"/unified/lms/courses/{item}")

    assert (response.status_code, response.json()["message"]) == (404, "Course not found")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        pytest.param({}, 1, id="all"),
        pytest.param({"status[]": "active"}, 1, id="the active ones"),
        pytest.param({"providers": "workday"}, 0, id="another provider"),
        pytest.param({"account_ids[]": ["other", "sandbox"]}, 1, id="by id"),
        pytest.param({"page": "2"}, 0, id="a second page"),
    ],
)
def test_accounts_are_listed(client: httpx.Client, query: dict[str, str], count: int) -> None:
    accounts = client.get("/accounts", params=query).json()

    assert [account["id"] for account in accounts] == ["sandbox"] * count


def test_accounts_need_no_account_header(client: httpx.Client) -> None:
    account = client.get("/accounts/sandbox", headers={"x-account-id": ""}).json()

    assert (account["status"], account["categories"]) == ("active", ["lms"])
    assert client.get("/accounts/other").status_code == 404
    assert client.get("/accounts", params={"page": "one"}).status_code == 400


def test_people_and_content_can_change_while_the_sandbox_runs(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    now = "2026-11-03T00:00:00Z"
    person, item = rows(client, "users")[5], rows(client, "content")[5]

    sandbox.change(person["id"], active=False, name="Zoë Ünal")
    sandbox.change(item["id"], active=False)

    changed = rows(client, "users", **{"filter[updated_after]": now})
    retired = rows(client, "content", **{"filter[updated_after]": now})
    assert changed == [
        person | {"active": False, "name": "Zoë Ünal", "updated_at": changed[0]["updated_at"]}
    ]
    assert retired == [item | {"active": False, "updated_at": retired[0]["updated_at"]}]
    sandbox.reset()
    assert client.get(f"/unified/lms/users/{person['id']}").json()["data"] == person
    assert client.get(f"/unified/lms/content/{item['id']}").json()["data"] == item


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"nobody": {"active": False}}, id="an unknown id"),
        pytest.param({"FIRST": {"id": "x"}}, id="an id"),
        pytest.param({"FIRST": {"details": {}}}, id="a field people lack"),
        pytest.param({"FIRST": False}, id="no fields"),
    ],
)
def test_an_impossible_change_is_refused(
    sandbox: Sandbox, client: httpx.Client, change: dict[str, Any]
) -> None:
    first = rows(client, "users", page_size="1")[0]["id"]
    body = {first if name == "FIRST" else name: fields for name, fields in change.items()}

    response = client.post("/sandbox/directory", json=body)

    assert (response.status_code, response.json()["statusCode"]) == (400, 400)
