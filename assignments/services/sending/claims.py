"""Claiming rows: the intent to send is committed before a request may leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, islice, zip_longest
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from assignments.audit.log import Event, record_all
from assignments.models import Account, Assignment, Attempt, Batch
from assignments.services.batches import (
    auto_pause,
    completion,
    lock_order,
    plan_integrity,
    row_updates,
)
from assignments.services.planning.request import new_assignment
from assignments.stackone.resources import NewAssignment

State = Assignment.State
FIRST_LOOK: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Claim:
    """One row that a sender has claimed: everything the call needs, the fence, and the row."""

    pk: int
    attempt: int
    claimed_at: datetime
    user_id: str
    new: NewAssignment
    row: Assignment


def due(*, account: Account, count: int, turn: int, now: datetime) -> list[int]:
    """Return the ids of up to `count` rows that may be sent now.

    Running batches take turns, from number `turn` on; in each what was queued again goes first.
    """
    running = list(Batch.objects.filter(account=account, state=Batch.State.RUNNING).order_by("pk"))
    first = turn % len(running) if running else 0
    waiting = [_due_of(batch, count, now) for batch in running[first:] + running[:first]]
    in_turns = chain.from_iterable(zip_longest(*waiting))
    return list(islice((pk for pk in in_turns if pk is not None), count))


@transaction.atomic
def claim(due: Sequence[int], *, sender: str, now: datetime) -> list[Claim]:
    """Move the due rows to `sending` for this sender and return them in their order.

    Rows that are not as they were reviewed are skipped with the reason, as are those of people
    and items that left the LMS since: drift may only ever remove rows from a plan.
    """
    found = row_updates.locked(
        due, state__in=[State.PLANNED, State.QUEUED], batch__state=Batch.State.RUNNING
    )
    as_reviewed = plan_integrity.parted([found[pk] for pk in due if pk in found])
    gone, present = _parted(as_reviewed.standing)
    gone += [(row, plan_integrity.CHANGED) for row in as_reviewed.changed]
    skipped = [_skipped(row, reason, now) for row, reason in gone]
    lock_order.lock(account=None, batches={*as_reviewed.fallen, *(row.batch_id for row, _ in gone)})
    row_updates.write(skipped)
    claimed = _marked(present, sender, now)
    told = [(change.row, change.event) for change in skipped]
    record_for_people([*told, *claimed], now)
    plan_integrity.pause(as_reviewed, now=now)
    completion.close_batches({row.batch_id for row, _ in gone}, now=now)
    return [_claimed(row, now) for row in present]


def _marked(
    present: list[Assignment], sender: str, now: datetime
) -> list[tuple[Assignment, Event]]:
    fresh: dict[str, Any] = {
        "state": State.SENDING,
        "sender": sender,
        "send_at": now,
        "sent_at": now,
        "unknown_at": None,
        "read_back_at": None,
        "checks": 0,
        "response_status": None,
        "problem": "",
        "problem_field": "",
    }
    pks = [row.pk for row in present]
    Assignment.objects.filter(pk__in_list=pks).update(attempt=F("attempt") + 1, **fresh)
    for row in present:
        row.attempt += 1
        vars(row).update(fresh)
    return [(row, row_updates.event(row, "assignment.attempted", "sending")) for row in present]


@transaction.atomic
def recover(*, account: Account, sender: str, now: datetime) -> int:
    """Turn what a lost sender left in `sending` into `unknown`; return how many.

    Its requests may have left, so nothing is sent again before a read-back.
    """
    lost = Assignment.objects.filter(batch__account=account, state=State.SENDING)
    pks = list(lost.exclude(sender=sender).values_list("pk", flat=True))
    found = list(row_updates.locked(pks, state=State.SENDING).values())
    problem = "The worker stopped before the answer came."
    Attempt.objects.bulk_create(
        Attempt(
            assignment=row,
            number=row.attempt,
            started_at=row.sent_at or now,
            finished_at=now,
            outcome=State.UNKNOWN,
            problem=problem,
        )
        for row in found
    )
    changes = [
        row_updates.Change(
            row,
            row_updates.event(row, "assignment.outcome_unknown", "unknown", problem=problem),
            {
                "state": State.UNKNOWN,
                "unknown_at": now,
                "read_back_at": now + FIRST_LOOK,
                "problem": problem,
            },
        )
        for row in found
    ]
    row_updates.write(changes)
    record_for_people([(change.row, change.event) for change in changes], now)
    return len(found)


def record_for_people(events: list[tuple[Assignment, Event]], now: datetime) -> None:
    """Append the events, each under the name of the person whose batch it is."""
    ordered = sorted(events, key=lambda pair: pair[0].batch_id)
    for _, group in groupby(ordered, key=lambda pair: pair[0].batch_id):
        pairs = list(group)
        record_all([event for _, event in pairs], by=row_updates.actor_of(pairs[0][0]), at=now)


def _due_of(batch: Batch, count: int, now: datetime) -> list[int]:
    allowed = auto_pause.allowance(batch)
    count = count if allowed is None else min(count, allowed)
    queued = batch.assignments.filter(state=State.QUEUED, send_at__lte=now)
    due = list(queued.order_by("send_at", "position").values_list("pk", flat=True)[:count])
    planned = batch.assignments.filter(state=State.PLANNED).order_by("position")
    return due + list(planned.values_list("pk", flat=True)[: count - len(due)])


def _parted(found: list[Assignment]) -> tuple[list[tuple[Assignment, str]], list[Assignment]]:
    gone = [(row, reason) for row in found if (reason := _left(row))]
    left = {row.pk for row, _ in gone}
    return gone, [row for row in found if row.pk not in left]


def _left(row: Assignment) -> str:
    if not row.learner.is_active:
        return "The person has become inactive in the LMS since the review."
    if not row.content.is_active:
        return "The item was retired in the LMS since the review."
    return ""


def _skipped(row: Assignment, reason: str, now: datetime) -> row_updates.Change:
    event = row_updates.event(row, "assignment.skipped", "skipped", problem=reason)
    return row_updates.Change(row, event, row_updates.settled(State.SKIPPED, now, problem=reason))


def _claimed(row: Assignment, now: datetime) -> Claim:
    return Claim(row.pk, row.attempt, now, row.learner_remote_id, new_assignment(row), row)
