"""A batch that waits for a second person, and the people around it, as tests need them."""

import re
from datetime import datetime, timedelta
from typing import Any

from assignments.models import Batch, Draft, DraftContent, DraftLearner
from assignments.services.planning import frozen_plan
from assignments.services.submitting import submission
from tests.conftest import NOON
from tests.factories import make_account, make_actor, make_content, make_learner, make_user

LATER = NOON + timedelta(hours=2)


def make_draft(*, owner: Any, people: int = 2, **fields: Any) -> Draft:
    """Return a draft that assigns one mandatory item."""
    values = {"created_at": NOON, "changed_at": NOON}
    draft = Draft.objects.create(account=make_account(), owner=owner, **values | fields)
    content = make_content(title="Fire Safety", is_mandatory=True)
    DraftContent.objects.create(draft=draft, content=content)
    for _ in range(people):
        DraftLearner.objects.create(draft=draft, learner=make_learner())
    return draft


def submit(draft: Draft, *, starts_at: datetime | None = None, now: datetime = NOON) -> Batch:
    """Return the batch that the draft's owner submits."""
    plan = frozen_plan.freeze(draft=draft, now=now)
    return submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="Policy DP-14",
        confirms_completed=True,
        by=make_actor(draft.owner),
        now=now,
        starts_at=starts_at,
    )


def make_waiting(**fields: Any) -> Batch:
    """Return a batch of Priya's that waits for somebody else."""
    starts_at = fields.pop("starts_at", None)
    batch = submit(make_draft(owner=make_user(), **fields), starts_at=starts_at)
    assert batch.state == "approval"
    return batch


def make_second(**fields: Any) -> Any:
    """Return another manager."""
    return make_user(**{"name": "Daniel Osei", "email": "daniel@northwind.example"} | fields)


def words(response: Any) -> str:
    """Return what a page says, without markup and on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
