"""A batch that waits for a second person, and the people around it, as tests need them."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

from assignments.models import (
    Assignment,
    Batch,
    Draft,
    DraftContent,
    DraftLearner,
    LogEntry,
)
from assignments.services.batches.release import release_due
from assignments.services.planning import frozen_plan
from assignments.services.submitting import approval, submission
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


def decide(batch: Batch, user: Any, *, now: datetime = LATER, **more: Any) -> None:
    """Approve the batch's plan as somebody."""
    values: dict[str, Any] = {"plan_digest": batch.plan_digest, "by": make_actor(user), "now": now}
    approval.approve(batch=batch, **values | more)
    batch.refresh_from_db()


def entry(action: str) -> Any:
    """Return the one entry of an action."""
    return json.loads(bytes(LogEntry.objects.get(action=action).body))


def release(batch: Batch, *, now: datetime) -> None:
    """Let the worker start what is due."""
    release_due(account=batch.account, now=now)
    batch.refresh_from_db()


def change_a_row(batch: Batch) -> None:
    """Change a row of the plan after its review."""
    Assignment.objects.filter(batch=batch, position=1).update(learner_remote_id="somebody-else")
