"""The LMS of the model: its records, when it shows them, and how calls end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assignments.services.sending.claims import Claim
from assignments.stackone.errors import (
    AccountUnusable,
    Conflict,
    Contradiction,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.resources import CreatedAssignment, RemoteAssignment

# The contract: every request ends within a minute. A record is shown within the settle window.
CALL_ENDS_WITHIN = timedelta(seconds=60)
SHOWN_WITHIN = 50
ITEM = "CRS-1"
EFFECTIVE = (
    "created",
    "created without id",
    "202",
    "200 with an error after effect",
    "lost response",
    "malformed",
    "500 after effect",
)
FATES = (
    *EFFECTIVE,
    "created",
    "created",
    "202 without effect",
    "200 with an error",
    "400",
    "409",
    "429",
    "401",
    "401",
    "403 of the provider",
    "500",
    "never left",
    "lost request",
)


@dataclass
class Record:
    """An assignment that the LMS holds; `row` is the id of the row that made it, or None."""

    id: str
    user: str
    row: int | None
    created_at: datetime
    shown_at: datetime
    due_at: datetime | None = None


@dataclass(eq=False)
class Call:
    """A request that was sent, and what will become of it."""

    claim: Claim
    sender: str
    left_at: datetime
    fate: str
    has_arrived: bool = False
    made: str = ""


@dataclass
class Lms:
    """Everything the LMS holds."""

    records: list[Record] = field(default_factory=list)
    hides_for: timedelta = timedelta(seconds=SHOWN_WITHIN)

    def arrive(self, call: Call, now: datetime) -> None:
        """Let a request take effect once, if that is its fate."""
        if call.has_arrived:
            return
        call.has_arrived = True
        if call.fate in EFFECTIVE:
            call.made = self.add(call.claim.user_id, call.claim.pk, now)

    def add(self, user: str, row: int | None, now: datetime, due: datetime | None = None) -> str:
        """Hold another record and return its id."""
        made = Record(f"r{len(self.records)}", user, row, now, now + self.hides_for, due)
        self.records.append(made)
        return made.id

    def shown(self, user: str, now: datetime) -> tuple[RemoteAssignment, ...]:
        """Return the records of a person that are visible at this time."""
        return tuple(
            RemoteAssignment.from_json(
                {
                    "id": record.id,
                    "user_id": record.user,
                    "learning_object_external_reference": ITEM,
                    "created_at": record.created_at.isoformat(),
                    "due_date": record.due_at.isoformat() if record.due_at else None,
                }
            )
            for record in self.records
            if record.user == user and record.shown_at <= now
        )


def reply_to(call: Call) -> CreatedAssignment | StackOneError:
    """Return the result with which a call of this fate ends."""
    if call.fate == "created":
        return CreatedAssignment(id=call.made, remote_id=None, response={"status": 201})
    if call.fate == "created without id":
        return CreatedAssignment(id=None, remote_id=None, response={"status": 201})
    if call.fate.startswith("202"):
        return CreatedAssignment(None, None, 202, response={"status": 202})
    errors: dict[str, StackOneError] = {
        "200 with an error": Contradiction("It reports an error.", status=200),
        "200 with an error after effect": Contradiction("It reports an error.", status=200),
        "lost response": OutcomeUnknown("The connection broke."),
        "lost request": OutcomeUnknown("The connection broke."),
        "malformed": OutcomeUnknown("It cannot be read.", status=201),
        "500 after effect": OutcomeUnknown("The server failed.", status=500),
        "500": OutcomeUnknown("The server failed.", status=500),
        "400": Refused("No such person.", status=400),
        "409": Conflict("It is there already.", status=409),
        "429": RateLimited("Slow down.", retry_after=5),
        "401": AccountUnusable("The key is refused.", status=401),
        "403 of the provider": Refused("Not enrolled.", status=403, is_from_provider=True),
        "never left": NotSent("No connection."),
    }
    return errors[call.fate]
