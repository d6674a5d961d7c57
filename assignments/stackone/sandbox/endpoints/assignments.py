"""Reading assignments and creating them."""

import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox import filters, new_assignment, paging
from assignments.stackone.sandbox.answers import Refusal, created
from assignments.stackone.sandbox.data.catalogue import LearningObject
from assignments.stackone.sandbox.new_assignment import NewAssignment
from assignments.stackone.sandbox.paging import Fetch, Filters
from assignments.stackone.sandbox.records import AssignmentRecord
from assignments.stackone.sandbox.times import current
from assignments.stackone.sandbox.world import World

FILTERS = {"updated_after": filters.moment, "status": filters.status}
FIRST_REMOTE_ID = 70_000_000


async def list_assignments(world: World, request: Request) -> Response:
    """List everybody's assignments, or those of one learner asked for by id."""
    learner = request.query_params.get("user_id")
    if remote := request.query_params.get("remote_user_id"):
        owners = (entry.id for entry in world.directory.learners if entry.remote_id == remote)
        learner = next(owners, "nobody")
    return _list(world, request, learner)


async def list_user_assignments(world: World, request: Request) -> Response:
    """List one learner's assignments."""
    return _list(world, request, _learner_id(world, request))


async def get_assignment(world: World, request: Request) -> Response:
    """Return one assignment."""
    return world.say({"data": _shown(world, _found(world, request.path_params["id"]))})


async def get_user_assignment(world: World, request: Request) -> Response:
    """Return one assignment, if it is the learner's."""
    record = _found(world, request.path_params["sub_id"])
    if record.learner != _learner_id(world, request):
        raise Refusal(404, "Assignment not found")
    return world.say({"data": _shown(world, record)})


async def create_assignment(world: World, request: Request) -> Response:
    """Create an assignment, however many there are already."""
    learner_id = _learner_id(world, request)
    new = new_assignment.read(await request.body(), lenient=world.options.odd_forms)
    record = _record(learner_id, _assignable(world, learner_id, new), new)
    position = world.store.add(record)
    if world.options.odd_forms:
        return world.say(created(None, None), 201)
    return world.say(created(record.id, _remote_id(position)), 201)


def _learner_id(world: World, request: Request) -> str:
    learner_id: str = request.path_params["id"]
    if learner_id not in world.directory.learner:
        raise Refusal(404, "User not found")
    return learner_id


def _assignable(world: World, learner_id: str, new: NewAssignment) -> LearningObject:
    found = world.directory.referenced.get(new.reference)
    if found is None:
        raise Refusal(404, f"No learning object has the external reference {new.reference!r}")
    if new.object_id not in (None, found.id):
        problem = f"learning_object_id does not belong to {new.reference}"
    elif not found.active:
        problem = f"learning_object_external_reference {new.reference} is retired"
    elif not world.directory.learner[learner_id].active:
        problem = "The user is inactive and cannot be enrolled"
    else:
        return found
    raise Refusal(422, f"Unprocessable Entity: {problem}", provider=problem)


def _record(learner_id: str, subject: LearningObject, new: NewAssignment) -> AssignmentRecord:
    now = current()
    return AssignmentRecord(
        id=secrets.token_urlsafe(15),
        learner=learner_id,
        content=subject.id,
        status=new.status or "pending",
        created_at=now,
        updated_at=now,
        source_status=new.source_status,
        progress=new.progress,
        due_date=new.due_date,
        assigned_at=new.assigned_at or now,
        completed_at=now if new.status == "completed" else None,
        external_reference=new.external_reference,
    )


def _list(world: World, request: Request, learner_id: str | None) -> Response:
    asked = filters.read(request, FILTERS)
    resource = f"assignments/{learner_id or ''}"
    return world.say(paging.page(request, resource, asked, _fetch(world, learner_id)))


def _fetch(world: World, learner_id: str | None) -> Fetch:
    def fetch(asked: Filters, after: int, limit: int) -> list[tuple[int, dict[str, Any]]]:
        records = world.store.page(
            learner=learner_id, after=after, limit=limit, visible=world.visible(), **asked
        )
        return [(record.position or 0, _shown(world, record)) for record in records]

    return fetch


def _found(world: World, assignment_id: str) -> AssignmentRecord:
    record = world.store.get(assignment_id, world.visible())
    if record is None:
        raise Refusal(404, "Assignment not found")
    return record


def _remote_id(position: int | None) -> str:
    return str(FIRST_REMOTE_ID + (position or 0))


def _shown(world: World, record: AssignmentRecord) -> dict[str, Any]:
    subject = world.directory.learning_object[record.content]
    source = json.loads(record.source_status) if record.source_status else record.status
    completed = {"value": "Pass", "source_value": "passed"} if record.completed_at else None
    return {
        "id": record.id,
        "remote_id": _remote_id(record.position),
        "external_reference": record.external_reference,
        "user_id": record.learner,
        "remote_user_id": world.directory.learner[record.learner].remote_id,
        "learning_object_id": subject.id,
        "remote_learning_object_id": subject.remote_id,
        "learning_object_external_reference": subject.external_reference,
        "learning_object_type": {"value": subject.kind, "source_value": subject.kind},
        "status": {"value": record.status, "source_value": source},
        "progress": record.progress,
        "due_date": record.due_date,
        "assigned_at": record.assigned_at,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "completed_at": record.completed_at,
        "result": completed,
        "certificate_url": None,
    }
