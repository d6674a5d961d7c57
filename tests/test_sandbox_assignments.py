"""Creating assignments in the sandbox, and what it holds afterwards."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox_process import Sandbox, running_sandbox

CREATE = "POST /unified/lms/users/{id}/assignments"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with running_sandbox(learners=60, content=200) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with sandbox.client() as client:
        yield client


def learner(client: httpx.Client, *, active: bool = True, at: int = 0) -> str:
    users = client.get("/unified/lms/users", params={"page_size": "100"}).json()["data"]
    return str([user["id"] for user in users if user["active"] == active][at])


def content(client: httpx.Client, **wanted: Any) -> dict[str, Any]:
    """Return the first content item with these fields."""
    query = {"page_size": "100"}
    page = client.get("/unified/lms/content", params=query).json()
    rest = client.get("/unified/lms/content", params=query | {"next": page["next"]}).json()
    fits = (row for row in page["data"] + rest["data"] if wanted.items() <= row.items())
    return dict(next(fits))


def create(client: httpx.Client, user: str, **fields: Any) -> httpx.Response:
    body = {"learning_object_external_reference": "NWL-1001"} | fields
    return client.post(f"/unified/lms/users/{user}/assignments", json=body)


def test_create_returns_the_ids_of_the_assignment(sandbox: Sandbox, client: httpx.Client) -> None:
    user = learner(client)
    item = content(client, external_reference="NWL-1001")

    response = create(
        client,
        user,
        learning_object_id=item["id"],
        due_date="2027-01-31T18:00:00+01:00",
        assigned_at="2026-12-01T09:00:00Z",
        status={"value": "in_progress", "source_value": "STARTED"},
        progress=40,
        external_reference="desk-1",
        passthrough={"note": "x"},
        unknown="ignored",
    )

    body = response.json()
    assert response.status_code == 201
    assert {**body, "timestamp": "", "data": sorted(body["data"])} == {
        "statusCode": 201,
        "message": "Record created successfully.",
        "timestamp": "",
        "data": ["id", "remote_id"],
    }
    assignment = client.get(f"/unified/lms/users/{user}/assignments/{body['data']['id']}").json()
    created_at = assignment["data"]["created_at"]
    assert assignment["data"] == {
        **body["data"],
        "external_reference": "desk-1",
        "user_id": user,
        "remote_user_id": "4000000",
        "learning_object_id": item["id"],
        "remote_learning_object_id": item["remote_id"],
        "learning_object_external_reference": "NWL-1001",
        "learning_object_type": {"value": "content", "source_value": "content"},
        "status": {"value": "in_progress", "source_value": "STARTED"},
        "progress": 40,
        "due_date": "2027-01-31T17:00:00.000Z",
        "assigned_at": "2026-12-01T09:00:00.000Z",
        "created_at": created_at,
        "updated_at": created_at,
        "completed_at": None,
        "result": None,
        "certificate_url": None,
    }
    assert sandbox.stats(held=True)["held"] == [
        [user, "NWL-1001", body["data"]["id"], "2027-01-31T17:00:00.000Z"]
    ]


def test_create_accepts_the_body_of_the_older_contract(client: httpx.Client) -> None:
    user = learner(client)

    created = create(client, user, created_at="2026-11-20T08:00:00.000Z", status={"value": None})

    assignment = client.get(f"/unified/lms/assignments/{created.json()['data']['id']}").json()[
        "data"
    ]
    assert (assignment["assigned_at"], assignment["status"]["value"]) == (
        "2026-11-20T08:00:00.000Z",
        "pending",
    )


def test_create_assigns_courses_and_finished_work(client: httpx.Client) -> None:
    user = learner(client)

    created = create(
        client,
        user,
        learning_object_external_reference="NWC-100",
        status={"value": "completed"},
    )

    assignment = client.get(f"/unified/lms/assignments/{created.json()['data']['id']}").json()[
        "data"
    ]
    assert assignment["learning_object_type"]["value"] == "course"
    assert assignment["completed_at"] == assignment["created_at"]
    assert assignment["result"] == {"value": "Pass", "source_value": "passed"}


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        pytest.param(
            {"learning_object_external_reference": None},
            400,
            "learning_object_external_reference",
            id="no reference",
        ),
        pytest.param(
            {"learning_object_external_reference": ""},
            400,
            "learning_object_external_reference",
            id="an empty reference",
        ),
        pytest.param(
            {"learning_object_external_reference": 7},
            400,
            "learning_object_external_reference",
            id="a reference that is a number",
        ),
        pytest.param(
            {"learning_object_external_reference": "NOPE"}, 404, "NOPE", id="an unknown reference"
        ),
        pytest.param({"learning_object_id": "x"}, 422, "learning_object_id", id="two contents"),
        pytest.param({"due_date": "2027-01-31"}, 400, "due_date", id="a date without a time"),
        pytest.param(
            {"due_date": "2027-01-31T17:00:00"}, 400, "due_date", id="a time without an offset"
        ),
        pytest.param({"due_date": "2027-02-30T17:00:00Z"}, 400, "due_date", id="no such day"),
        pytest.param(
            {"due_date": "0001-01-01T00:00:00+23:00"}, 400, "due_date", id="before the first year"
        ),
        pytest.param({"assigned_at": 1}, 400, "assigned_at", id="a date that is a number"),
        pytest.param({"status": "pending"}, 400, "status", id="a status that is a word"),
        pytest.param(
            {"status": {"value": "in-progress"}}, 400, "status.value", id="the hyphened status"
        ),
        pytest.param({"progress": "40"}, 400, "progress", id="progress in quotes"),
        pytest.param({"progress": True}, 400, "progress", id="progress that is a truth"),
        pytest.param({"passthrough": []}, 400, "passthrough", id="a list to pass through"),
    ],
)
def test_create_refuses_invalid_fields_and_names_them(
    sandbox: Sandbox, client: httpx.Client, fields: dict[str, Any], status: int, named: str
) -> None:
    response = create(client, learner(client), **fields)

    body = response.json()
    assert (response.status_code, body["statusCode"]) == (status, status)
    assert named in body["message"]
    assert ("provider_errors" in body) == (status != 404)
    assert sandbox.stats()["assignments"] == 0


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"{", "the body must be JSON", id="half a body"),
        pytest.param(b"", "the body must be JSON", id="no body"),
        pytest.param(b"\xff", "the body must be JSON", id="no text"),
        pytest.param(b"[]", "the body must be an object", id="a list"),
    ],
)
def test_create_refuses_a_body_that_is_no_object(
    client: httpx.Client, body: bytes, problem: str
) -> None:
    response = client.post(f"/unified/lms/users/{learner(client)}/assignments", content=body)

    assert (response.status_code, response.json()["message"]) == (400, f"Bad Request: {problem}")


def test_create_refuses_retired_content_and_inactive_people(client: httpx.Client) -> None:
    retired = content(client, active=False)["external_reference"]

    for response, problem in (
        (
            create(client, learner(client), learning_object_external_reference=retired),
            f"learning_object_external_reference {retired} is retired",
        ),
        (
            create(client, learner(client, active=False)),
            "The user is inactive and cannot be enrolled",
        ),
    ):
        assert response.status_code == 422
        assert response.json()["provider_errors"][0]["raw"] == {"message": problem}


def test_an_unknown_learner_is_not_found(client: httpx.Client) -> None:
    for response in (create(client, "nobody"), client.get("/unified/lms/users/nobody/assignments")):
        assert (response.status_code, response.json()["message"]) == (404, "User not found")


def test_a_second_create_creates_a_second_assignment(
    sandbox: Sandbox, client: httpx.Client
) -> None:
    user, other = learner(client), learner(client, at=1)
    for someone in (user, user, user, other):
        create(client, someone)

    stats = sandbox.stats()

    assert (stats["assignments"], stats["duplicates"]) == (4, 2)
    assert stats["requests"][CREATE] == {"201": 4}
    sandbox.reset()
    assert sandbox.stats() == {
        "requests": {},
        "connections": 0,
        "peak_concurrency": 0,
        "assignments": 0,
        "seeded_assignments": stats["seeded_assignments"],
        "duplicates": 0,
    }


def test_connections_are_counted_once_each(sandbox: Sandbox) -> None:
    for _ in range(2):
        with sandbox.client() as client:
            client.get("/accounts")
            client.get("/accounts")

    assert sandbox.stats()["connections"] == 2


def test_lists_of_assignments_can_be_filtered(client: httpx.Client) -> None:
    user = learner(client)
    ids = [
        create(client, user, status={"value": status}).json()["data"]["id"]
        for status in ("pending", "completed", "pending")
    ]

    def listed(path: str, **query: str) -> list[str]:
        body = client.get(f"/unified/lms/{path}", params={"page_size": "100"} | query).json()
        return [row["id"] for row in body["data"]]

    assert listed(f"users/{user}/assignments")[-3:] == ids
    pending = {"filter[status]": "pending"}
    assert listed(f"users/{user}/assignments", **pending)[-2:] == [ids[0], ids[2]]
    assert listed("assignments")[-3:] == ids
    assert listed("assignments", user_id=user) == listed(f"users/{user}/assignments")
    assert listed("assignments", remote_user_id="4000000") == listed(f"users/{user}/assignments")
    assert listed("assignments", remote_user_id="1") == []
    recent = {"filter[updated_after]": "2026-11-03T00:00:00Z"}
    assert listed("assignments", **recent) == ids


def test_an_assignment_is_not_found_under_another_learner(client: httpx.Client) -> None:
    assignment = create(client, learner(client)).json()["data"]["id"]

    response = client.get(f"/unified/lms/users/{learner(client, at=1)}/assignments/{assignment}")

    assert (response.status_code, response.json()["message"]) == (404, "Assignment not found")


def test_a_new_assignment_can_be_invisible_for_a_while() -> None:
    with running_sandbox(visible_after_ms=600) as sandbox, sandbox.client() as client:
        user = learner(client)
        path = f"/unified/lms/users/{user}/assignments"
        before = client.get(path).json()
        assignment = create(client, user).json()["data"]["id"]

        assert sandbox.stats()["assignments"] == 1
        assert client.get(path).json() == before
        assert client.get(f"{path}/{assignment}").status_code == 404
        time.sleep(0.7)
        assert [row["id"] for row in client.get(path).json()["data"]][-1] == assignment


@pytest.mark.slow
def test_created_assignments_survive_a_killed_server(tmp_path: Path) -> None:
    file = tmp_path / "lms.sqlite3"
    with running_sandbox(db=file) as sandbox, sandbox.client() as client:
        user = learner(client)
        assignment = create(client, user).json()["data"]
        before = sandbox.stats(held=True)
        sandbox.stop(signal.SIGKILL)

    with running_sandbox(db=file) as sandbox, sandbox.client() as client:
        after = sandbox.stats(held=True)
        assignment = client.get(f"/unified/lms/assignments/{assignment['id']}").json()["data"]

    assert after == before | {"requests": {}, "connections": 0, "peak_concurrency": 0}
    assert (assignment["user_id"], assignment["remote_id"]) == (user, assignment["remote_id"])


@pytest.mark.slow
def test_two_servers_on_one_file_return_the_same_assignments(tmp_path: Path) -> None:
    file = tmp_path / "lms.sqlite3"
    with running_sandbox(db=file) as first, running_sandbox(db=file) as other:
        with first.client() as client:
            create(client, learner(client))

        assert other.stats(held=True)["held"] == first.stats(held=True)["held"]
        assert other.stats()["assignments"] == 1


def test_odd_forms() -> None:
    with running_sandbox(odd_forms=True) as sandbox, sandbox.client() as client:
        users = client.get("/unified/lms/users")
        user = users.json()["data"][0]
        created = create(client, user["id"], progress=40, status={"value": "in-progress"})
        assignment = client.get(f"/unified/lms/users/{user['id']}/assignments").json()["data"][-1]

    assert users.content.startswith(b"\n\n{")
    assert user["active"] == "true"
    assert (created.status_code, created.json()["data"]) == (201, {"id": None, "remote_id": None})
    assert (assignment["progress"], assignment["status"]) == (
        "40",
        {"value": "in-progress", "source_value": 11},
    )
