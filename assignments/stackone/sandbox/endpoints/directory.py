"""Reading people and content."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox import filters, paging
from assignments.stackone.sandbox.answers import Refusal
from assignments.stackone.sandbox.data.catalogue import LearningObject
from assignments.stackone.sandbox.data.people import Learner
from assignments.stackone.sandbox.paging import Fetch, Filters
from assignments.stackone.sandbox.world import World

USER_FILTERS = {
    "updated_after": filters.moment,
    "email": filters.anything,
    "external_reference": filters.anything,
}
CONTENT_FILTERS = {"updated_after": filters.moment, "active": filters.only_active}
COURSE_FILTERS = CONTENT_FILTERS | {"external_reference": filters.anything}

type Entry = Learner | LearningObject


async def list_users(world: World, request: Request) -> Response:
    """List the learners."""
    return _list(world, request, "users", world.directory.learners, USER_FILTERS)


async def get_user(world: World, request: Request) -> Response:
    """Return one learner."""
    return _one(world, world.directory.learner.get(request.path_params["id"]), "User")


async def list_content(world: World, request: Request) -> Response:
    """List the content items."""
    return _list(world, request, "content", world.directory.content, CONTENT_FILTERS)


async def get_content(world: World, request: Request) -> Response:
    """Return one content item."""
    return _learning_object(world, request, "content")


async def list_courses(world: World, request: Request) -> Response:
    """List the courses."""
    return _list(world, request, "courses", world.directory.courses, COURSE_FILTERS)


async def get_course(world: World, request: Request) -> Response:
    """Return one course."""
    return _learning_object(world, request, "course")


def _learning_object(world: World, request: Request, kind: str) -> Response:
    found = world.directory.learning_object.get(request.path_params["id"])
    return _one(world, found if found and found.kind == kind else None, kind.capitalize())


def _one(world: World, entry: Entry | None, kind: str) -> Response:
    if entry is None:
        raise Refusal(404, f"{kind} not found")
    return world.say({"data": entry.as_json()})


def _list(
    world: World,
    request: Request,
    resource: str,
    entries: Sequence[Entry],
    readers: Mapping[str, filters.Reader],
) -> Response:
    asked = filters.read(request, readers)
    return world.say(paging.page(request, resource, asked, _fetch(entries)))


def _fetch(entries: Sequence[Entry]) -> Fetch:
    def fetch(asked: Filters, after: int, limit: int) -> list[tuple[int, dict[str, Any]]]:
        positions = range(max(0, after + 1), len(entries))
        matching = (at for at in positions if _matches(entries[at], asked))
        return [(at, entries[at].as_json()) for at in islice(matching, limit)]

    return fetch


def _matches(entry: Entry, asked: Filters) -> bool:
    since, reference, email = (
        asked.get(name) for name in ("updated_after", "external_reference", "email")
    )
    return (
        (since is None or entry.updated_at > since)
        and (reference is None or entry.external_reference == reference)
        and (email is None or _address(entry) == email.lower())
        and (asked.get("active") is None or entry.active)
    )


def _address(entry: Entry) -> str | None:
    return entry.email if isinstance(entry, Learner) else None
