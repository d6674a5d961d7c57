"""Appending to the audit log: groups under one head lock against a transaction for each entry."""

from django.db import transaction
from django.utils import timezone

from assignments.audit.actors import SYSTEM, Person
from assignments.audit.log import Event, record, record_all
from bench.comparison import Comparison, medians

GROUP = 200


def compare() -> Comparison:
    """Append both ways to one growing log, durably."""
    ours, other = medians(in_groups, one_by_one, ours_count=4_000, other_count=400)
    return Comparison(
        name="audit append",
        unit="entries/s",
        ours=f"groups of {GROUP}",
        ours_per_second=ours,
        other="one per transaction",
        other_per_second=other,
    )


def in_groups(count: int) -> None:
    """Append as the delivery does."""
    for start in range(0, count, GROUP):
        with transaction.atomic():
            record_all([_event(start + n) for n in range(GROUP)], by=SYSTEM, at=timezone.now())


def one_by_one(count: int) -> None:
    """Append as code without groups would."""
    for number in range(count):
        with transaction.atomic():
            record(_event(number), by=SYSTEM, at=timezone.now())


def _event(number: int) -> Event:
    """Return what a delivered row leaves in the log."""
    learner = Person(
        ref=f"learner/{number}", name=f"Person {number}", email=f"person.{number}@example.com"
    )
    return Event(
        action="assignment.created",
        subject=f"assignment/{number}",
        result="created",
        batch="batch/1",
        cause="batch/1",
        people=(learner,),
        detail={"attempt": 1, "remote_id": f"a-{number}", "reply": {"status": 201}},
    )
