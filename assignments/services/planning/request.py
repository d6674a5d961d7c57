"""The request that creates an assignment, built from a row of the plan: reviewed, then sent."""

from django.conf import settings

from assignments.models import Assignment
from assignments.stackone.resources import NewAssignment


def new_assignment(row: Assignment) -> NewAssignment:
    """Return what is sent for a row: the plan's own values, never the directory's newer ones."""
    batch = row.batch
    return NewAssignment(
        learning_object_external_reference=row.content_reference,
        learning_object_id=row.content_remote_id,
        due_at=row.due_at,
        status=batch.status,
        progress=batch.progress,
        # Left to the LMS: what was reviewed has no such moment yet, and must be what is sent.
        assigned_at=None,
    )


def json_body(new: NewAssignment) -> dict[str, object]:
    """Return the request's JSON body in the contract and status style of the settings."""
    return new.as_json(settings.STACKONE_CONTRACT, settings.STACKONE_STATUS_STYLE)
