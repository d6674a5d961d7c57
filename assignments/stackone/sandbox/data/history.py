"""What people were assigned before the sandbox started."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from assignments.stackone.sandbox.data.catalogue import SHOWCASE, LearningObject
from assignments.stackone.sandbox.data.people import Learner
from assignments.stackone.sandbox.data.seeding import WRITTEN_AT, chance, opaque_id
from assignments.stackone.sandbox.records import AssignmentRecord
from assignments.stackone.sandbox.times import written

SHARE = 0.06
STATUSES = ("pending", "in_progress", "completed")


def history(
    seed: int, learners: Sequence[Learner], content: Sequence[LearningObject]
) -> Iterator[AssignmentRecord]:
    """Give some people some of the first items, in the months before."""
    rng = chance(seed, "history")
    for learner in learners:
        if rng.random() < SHARE:
            for item in rng.sample(content[:SHOWCASE], min(len(content), rng.randint(1, 3))):
                yield _assigned(seed, learner, item, rng)


def _assigned(
    seed: int, learner: Learner, item: LearningObject, rng: random.Random
) -> AssignmentRecord:
    created = WRITTEN_AT - timedelta(minutes=rng.randrange(60, 60 * 24 * 180))
    status = rng.choice(STATUSES)
    changed = created + (WRITTEN_AT - created) * rng.random()
    return AssignmentRecord(
        id=opaque_id(seed, f"assignment of {learner.id}", int(item.remote_id[3:])),
        learner=learner.id,
        content=item.id,
        status=status,
        progress=_progress(status, rng),
        due_date=written(_end_of_day(created + timedelta(days=rng.choice((30, 60, 90, 180))))),
        assigned_at=written(created),
        created_at=written(created),
        updated_at=written(created if status == "pending" else changed),
        completed_at=written(changed) if status == "completed" else None,
    )


def _progress(status: str, rng: random.Random) -> float | None:
    return {"pending": None, "in_progress": rng.randrange(5, 100, 5), "completed": 100}[status]


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=17, minute=0, second=0, microsecond=0)
