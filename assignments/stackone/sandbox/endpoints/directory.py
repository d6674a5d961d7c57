"""Endpoints that read people and content."""

from collections.abc import Mapping, Sequence
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox import filters, paging
from assignments.stackone.sandbox.data.catalogue import LearningObject
from assignments.stackone.sandbox.data.people import Learner
from assignments.stackone.sandbox.paging import Fetch, Filters
from assignments.stackone.sandbox.responses import ApiError
from assignments.stackone.sandbox.state import SandboxState

USER_FILTERS = {
    "updated_after": filters.timestamp,
    "email": filters.any_text,
    "external_reference": filters.any_text,
}
CONTENT_FILTERS = {"updated_after": filters.timestamp, "active": filters.only_active}
COURSE_FILTERS = CONTENT_FILTERS | {"external_reference": filters.any_text}

type Entry = Learner | LearningObject


async def list_users(state: SandboxState, request: Request) -> Response:
    """List the learners."""
    return _list(state, request, "users", state.directory.learners, USER_FILTERS)


async def get_user(state: SandboxState, request: Request) -> Response:
    """Return one learner."""
    return _record_response(
        state, state.directory.learners_by_id.get(request.path_params["id"]), "User"
    )


async def list_content(state: SandboxState, request: Request) -> Response:
    """List the content items."""
    return _list(state, request, "content", state.directory.content, CONTENT_FILTERS)


async def get_content(state: SandboxState, request: Request) -> Response:
    """Return one content item."""
    return _learning_object(state, request, "content")


async def list_courses(state: SandboxState, request: Request) -> Response:
    """List the courses."""
    return _list(state, request, "courses", state.directory.courses, COURSE_FILTERS)


async def get_course(state: SandboxState, request: Request) -> Response:
    """Return one course."""
    return _learning_object(state, request, "course")


def _learning_object(state: SandboxState, request: Request, kind: str) -> Response:
    item = state.directory.objects_by_id.get(request.path_params["id"])
    return _record_response(state, item if item and item.kind == kind else None, kind.capitalize())


def _record_response(state: SandboxState, entry: Entry | None, kind: str) -> Response:
    if entry is None:
        raise ApiError(404, f"{kind} not found")
    return state.json_response({"data": entry.as_json()})


def _list(
    state: SandboxState,
    request: Request,
    resource: str,
    entries: Sequence[Entry],
    parsers: Mapping[str, filters.Parser],
) -> Response:
    parsed_filters = filters.parse_filters(request, parsers)
    return state.json_response(paging.page_body(request, resource, parsed_filters, _fetch(entries)))


def _fetch(entries: Sequence[Entry]) -> Fetch:
    def fetch(
        parsed_filters: Filters, after: int, limit: int
    ) -> list[tuple[int, dict[str, object]]]:
        positions = range(max(0, after + 1), len(entries))
        matching = (at for at in positions if _matches(entries[at], parsed_filters))
        return [(at, entries[at].as_json()) for at in islice(matching, limit)]

    return fetch


def _matches(entry: Entry, parsed_filters: Filters) -> bool:
    since, reference, email = (
        parsed_filters.get(name) for name in ("updated_after", "external_reference", "email")
    )
    return (
        (since is None or entry.updated_at > since)
        and (reference is None or entry.external_reference == reference)
        and (email is None or _email(entry) == email.lower())
        and (parsed_filters.get("active") is None or entry.active)
    )


def _email(entry: Entry) -> str | None:
    return entry.email if isinstance(entry, Learner) else None
