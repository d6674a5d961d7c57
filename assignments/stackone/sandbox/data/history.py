"""Generate the assignments that were created before the sandbox started."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from assignments.stackone.sandbox.data.catalogue import SHOWCASE_ITEMS, LearningObject
from assignments.stackone.sandbox.data.people import Learner
from assignments.stackone.sandbox.data.seeding import DATA_DATE, opaque_id, seeded_random
from assignments.stackone.sandbox.records import AssignmentRecord
from assignments.stackone.sandbox.timestamps import format_timestamp

SHARE_WITH_HISTORY = 0.06
STATUSES = ("pending", "in_progress", "completed")


def generate_history(
    seed: int, learners: Sequence[Learner], content: Sequence[LearningObject]
) -> Iterator[AssignmentRecord]:
    """Yield assignments of a few of the first items to a few people, within 180 days before."""
    rng = seeded_random(seed, "history")
    for learner in learners:
        if rng.random() < SHARE_WITH_HISTORY:
            for item in rng.sample(content[:SHOWCASE_ITEMS], min(len(content), rng.randint(1, 3))):
                yield _assigned(seed, learner, item, rng)


def _assigned(
    seed: int, learner: Learner, item: LearningObject, rng: random.Random
) -> AssignmentRecord:
    created = DATA_DATE - timedelta(minutes=rng.randrange(60, 60 * 24 * 180))
    status = rng.choice(STATUSES)
    changed = created + (DATA_DATE - created) * rng.random()
    return AssignmentRecord(
        id=opaque_id(seed, f"assignment of {learner.id}", int(item.remote_id[3:])),
        learner=learner.id,
        content=item.id,
        status=status,
        progress=_progress(status, rng),
        due_date=format_timestamp(
            _end_of_day(created + timedelta(days=rng.choice((30, 60, 90, 180))))
        ),
        assigned_at=format_timestamp(created),
        created_at=format_timestamp(created),
        updated_at=format_timestamp(created if status == "pending" else changed),
        completed_at=format_timestamp(changed) if status == "completed" else None,
    )


def _progress(status: str, rng: random.Random) -> float | None:
    return {"pending": None, "in_progress": rng.randrange(5, 100, 5), "completed": 100}[status]


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=17, minute=0, second=0, microsecond=0)
