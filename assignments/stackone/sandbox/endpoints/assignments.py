"""Endpoints that read and create assignments."""

import json
import secrets

from starlette.requests import Request
from starlette.responses import Response

from assignments.stackone.sandbox import filters, new_assignment, paging
from assignments.stackone.sandbox.data.catalogue import LearningObject
from assignments.stackone.sandbox.new_assignment import NewAssignment
from assignments.stackone.sandbox.paging import Fetch, Filters
from assignments.stackone.sandbox.records import AssignmentRecord
from assignments.stackone.sandbox.responses import ApiError, created_body
from assignments.stackone.sandbox.state import SandboxState
from assignments.stackone.sandbox.timestamps import current_timestamp

FILTERS = {"updated_after": filters.timestamp, "status": filters.status}
FIRST_REMOTE_ID = 70_000_000


async def list_assignments(state: SandboxState, request: Request) -> Response:
    """List all assignments, or those of the learner in a query parameter."""
    learner = request.query_params.get("user_id")
    if remote_id := request.query_params.get("remote_user_id"):
        owners = (entry.id for entry in state.directory.learners if entry.remote_id == remote_id)
        learner = next(owners, "nobody")
    return _list(state, request, learner)


async def list_user_assignments(state: SandboxState, request: Request) -> Response:
    """List one learner's assignments."""
    return _list(state, request, _learner_id(state, request))


async def get_assignment(state: SandboxState, request: Request) -> Response:
    """Return one assignment."""
    return state.json_response(
        {"data": _as_json(state, _get_record(state, request.path_params["id"]))}
    )


async def get_user_assignment(state: SandboxState, request: Request) -> Response:
    """Return one assignment of the learner."""
    record = _get_record(state, request.path_params["sub_id"])
    if record.learner != _learner_id(state, request):
        raise ApiError(404, "Assignment not found")
    return state.json_response({"data": _as_json(state, record)})


async def create_assignment(state: SandboxState, request: Request) -> Response:
    """Create an assignment, even if the learner has one with this content: the API does too."""
    learner_id = _learner_id(state, request)
    new = new_assignment.parse(await request.body(), lenient=state.options.odd_forms)
    record = _record(learner_id, _assignable(state, learner_id, new), new)
    position = state.store.add(record)
    if state.options.odd_forms:
        return state.json_response(created_body(None, None), 201)
    return state.json_response(created_body(record.id, _remote_id(position)), 201)


def _learner_id(state: SandboxState, request: Request) -> str:
    learner_id: str = request.path_params["id"]
    if learner_id not in state.directory.learners_by_id:
        raise ApiError(404, "User not found")
    return learner_id


def _assignable(state: SandboxState, learner_id: str, new: NewAssignment) -> LearningObject:
    item = state.directory.objects_by_reference.get(new.reference)
    if item is None:
        raise ApiError(404, f"No learning object has the external reference {new.reference!r}")
    if new.object_id not in (None, item.id):
        problem = f"learning_object_id does not belong to {new.reference}"
    elif not item.active:
        problem = f"learning_object_external_reference {new.reference} is retired"
    elif not state.directory.learners_by_id[learner_id].active:
        problem = "The user is inactive and cannot be enrolled"
    else:
        return item
    raise ApiError(422, f"Unprocessable Entity: {problem}", provider=problem)


def _record(learner_id: str, item: LearningObject, new: NewAssignment) -> AssignmentRecord:
    now = current_timestamp()
    return AssignmentRecord(
        id=secrets.token_urlsafe(15),
        learner=learner_id,
        content=item.id,
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


def _list(state: SandboxState, request: Request, learner_id: str | None) -> Response:
    parsed_filters = filters.parse_filters(request, FILTERS)
    resource = f"assignments/{learner_id or ''}"
    return state.json_response(
        paging.page_body(request, resource, parsed_filters, _fetch(state, learner_id))
    )


def _fetch(state: SandboxState, learner_id: str | None) -> Fetch:
    def fetch(
        parsed_filters: Filters, after: int, limit: int
    ) -> list[tuple[int, dict[str, object]]]:
        records = state.store.page(
            learner=learner_id,
            after=after,
            limit=limit,
            visible_until=state.visible_until(),
            **parsed_filters,
        )
        return [(record.position or 0, _as_json(state, record)) for record in records]

    return fetch


def _get_record(state: SandboxState, assignment_id: str) -> AssignmentRecord:
    record = state.store.get(assignment_id, state.visible_until())
    if record is None:
        raise ApiError(404, "Assignment not found")
    return record


def _remote_id(position: int | None) -> str:
    return str(FIRST_REMOTE_ID + (position or 0))


def _as_json(state: SandboxState, record: AssignmentRecord) -> dict[str, object]:
    item = state.directory.objects_by_id[record.content]
    source = json.loads(record.source_status) if record.source_status else record.status
    completed = {"value": "Pass", "source_value": "passed"} if record.completed_at else None
    return {
        "id": record.id,
        "remote_id": _remote_id(record.position),
        "external_reference": record.external_reference,
        "user_id": record.learner,
        "remote_user_id": state.directory.learners_by_id[record.learner].remote_id,
        "learning_object_id": item.id,
        "remote_learning_object_id": item.remote_id,
        "learning_object_external_reference": item.external_reference,
        "learning_object_type": {"value": item.kind, "source_value": item.kind},
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
