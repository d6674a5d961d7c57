"""One assignment as the sandbox keeps it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AssignmentRecord:
    """Who was asked to learn what; dates are canonical text, ids are the API's."""

    id: str
    learner: str
    content: str
    status: str | None
    created_at: str
    updated_at: str
    source_status: str | None = None
    progress: float | None = None
    due_date: str | None = None
    assigned_at: str | None = None
    completed_at: str | None = None
    external_reference: str | None = None
    position: int | None = None
