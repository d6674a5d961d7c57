"""The request that creates an assignment, as reviewed and as sent: built from a plan's row."""

from django.conf import settings

from assignments.models import Assignment
from assignments.stackone.resources import NewAssignment


def new_assignment(row: Assignment) -> NewAssignment:
    """Return what to send for a row: the frozen values, not those of the directory now."""
    batch = row.batch
    return NewAssignment(
        learning_object_external_reference=row.content_reference,
        learning_object_id=row.content_remote_id,
        due_at=row.due_at,
        status=batch.status,
        progress=batch.progress,
        # Set by the LMS: the moment is not known at the review, and only what was reviewed is sent.
        assigned_at=None,
    )


def json_body(new: NewAssignment) -> dict[str, object]:
    """Return the JSON body for STACKONE_CONTRACT and STACKONE_STATUS_STYLE."""
    return new.as_json(settings.STACKONE_CONTRACT, settings.STACKONE_STATUS_STYLE)
