"""The sandbox against the published OpenAPI document, in both directions."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.sandbox_process import ROOT, Sandbox, running_sandbox

pytestmark = pytest.mark.slow

DOCUMENT = Path(os.environ.get("STACKONE_OPENAPI", ROOT.parent / "shared/stackone/openapi.json"))
if not DOCUMENT.exists():
    pytest.skip(
        f"StackOne's OpenAPI document is not at {DOCUMENT}; set STACKONE_OPENAPI to its path.",
        allow_module_level=True,
    )

DOCUMENTED = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
HEADERS = {"Authorization": "Basic c2FuZGJveDo=", "x-account-id": "sandbox"}
CREATE = "POST /unified/lms/users/{id}/assignments"
LISTS = (
    "GET /unified/lms/users",
    "GET /unified/lms/users/{id}/assignments",
    "GET /unified/lms/content",
    "GET /unified/lms/courses",
    "GET /unified/lms/assignments",
)
# Any text fits their schema, and only a cursor or a number means something.
OPAQUE = ("next", "page_size")

document = schemathesis.openapi.from_path(DOCUMENT)
schema = document.include(path_regex="^/unified/lms/").include(
    path_regex=r"^/accounts(/\{id\})?$", method="GET"
)
all_operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
operations = {operation.label: operation for operation in all_operations}
# The same few examples each time: some mutations get lost on the way into a URL.
quickly = settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(learners=30, content=30) as running:
        yield running


@pytest.fixture(scope="module")
def ids(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """Ids that exist, so that requests get past the 404."""
    with sandbox.client() as client:
        held = {
            name: client.get(f"/unified/lms/{name}").json()["data"][0]
            for name in ("users", "content", "courses", "assignments")
        }
    assignment = held["assignments"]
    ids = {
        f"/unified/lms/{name}/{{id}}": {"id": entry["id"]}
        for name, entry in held.items()
        if name != "users"
    }
    ids["/accounts/{id}"] = {"id": "sandbox"}
    return ids | {"user": {"id": assignment["user_id"], "subResourceId": assignment["id"]}}


def path_parameters(operation: Any, ids: dict[str, dict[str, str]]) -> dict[str, str] | None:
    path_ids = ids.get(operation.path, ids["user"])
    return {
        name: value for name, value in path_ids.items() if f"{{{name}}}" in operation.path
    } or None


@pytest.mark.parametrize("label", operations)
def test_every_valid_request_gets_a_documented_response(
    label: str, sandbox: Sandbox, ids: dict[str, dict[str, str]]
) -> None:
    operation = operations[label]
    cases = operation.as_strategy(path_parameters=path_parameters(operation, ids), headers=HEADERS)

    @quickly
    @given(cases)
    def answers(case: Any) -> None:
        for name in OPAQUE:
            case.query.pop(name, None)
        if label == CREATE:
            case.body["learning_object_external_reference"] = "NWL-1001"
            case.body.pop("learning_object_id", None)
        case.call_and_validate(
            base_url=sandbox.base_url, checks=[*DOCUMENTED, positive_data_acceptance]
        )

    answers()


@pytest.mark.parametrize("label", [CREATE, *LISTS])
def test_no_invalid_request_is_accepted(
    label: str, sandbox: Sandbox, ids: dict[str, dict[str, str]]
) -> None:
    operation = operations[label]
    cases = operation.as_strategy(
        generation_mode=GenerationMode.NEGATIVE,
        path_parameters=path_parameters(operation, ids),
        headers=HEADERS,
    )

    @quickly
    @given(cases)
    def answers(case: Any) -> None:
        case.call_and_validate(
            base_url=sandbox.base_url, checks=[*DOCUMENTED, negative_data_rejection]
        )

    answers()
