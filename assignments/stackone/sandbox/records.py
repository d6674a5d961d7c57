"""An assignment as the sandbox stores it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AssignmentRecord:
    """An assignment of content to a learner.

    Dates are text in the form of `timestamps`; `learner` and `content` are ids of the API;
    `position` is the row's place in lists.
    """

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
