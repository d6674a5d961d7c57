"""Failed rows of a batch, grouped by reason, and rows that a person must decide about."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q, QuerySet

from assignments.models import Assignment, Batch

State = Assignment.State
CONFLICT: Final = 409
NOT_FOUND: Final = 404
UNDECIDED: Final = Q(state=State.UNKNOWN, read_back_at=None)
CONFIRMED: Final = Q(state=State.CONFIRMED)
ON_RECORD: Final = Q(state=State.REJECTED, response_status=CONFLICT)
RETRYABLE: Final = Q(state=State.REJECTED) | UNDECIDED
CLOSABLE: Final = UNDECIDED | CONFIRMED
TO_DECIDE: Final = RETRYABLE | CONFIRMED
WRONG_VALUES: Final = (400, 422)


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Why a group of rows failed, in the words of the LMS, and its size."""

    count: int
    status: int | None
    problem: str
    state: str

    @property
    def kind(self) -> str:
        """What it is: `unknown`, `confirmed`, `on-record`, `missing`, `wrong` or `refused`."""
        if self.state != State.REJECTED:
            return self.state
        if self.status in WRONG_VALUES:
            return "wrong"
        return {CONFLICT: "on-record", NOT_FOUND: "missing"}.get(self.status or 0, "refused")

    @property
    def tab(self) -> str:
        """The name of the tab that lists its rows."""
        return "failed" if self.state == State.REJECTED else self.state


def failure_reasons(batch: Batch) -> list[FailureReason]:
    """Return the reasons for failures and open decisions, the largest group first."""
    groups = [
        FailureReason(count, status, problem, state)
        for state, status, problem, count in _groups(
            Assignment.objects.filter(TO_DECIDE, batch=batch)
        )
    ]
    return sorted(groups, key=lambda group: (-group.count, group.problem, group.status or 0))


def _groups(rows: QuerySet[Assignment]) -> QuerySet[Assignment, tuple[str, int | None, str, int]]:
    groups = rows.order_by().values_list("state", "response_status", "problem")
    return groups.annotate(n=Count("pk"))


def same_failure(status: int | None, problem: str) -> Q:
    """Return the condition for the rows with this response status and problem."""
    return Q(response_status=status, problem=problem)


def single_row(row: int) -> Q:
    """Return the condition for a single row, by id."""
    return Q(pk=row)
