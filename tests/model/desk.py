"""What the model starts from: an account, a manager and a running batch."""

from datetime import UTC, date, datetime, timedelta

from django.contrib.auth import get_user_model

from assignments.audit.entries.actors import Actor
from assignments.models import (
    Account,
    Assignment,
    Batch,
    Content,
    Draft,
    DraftContent,
    DraftLearner,
    Learner,
    RemoteAssignment,
)
from assignments.services.batches import control
from assignments.services.planning import frozen_plan
from assignments.services.submitting import submission
from tests.model.lms import ITEM, Lms

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EARLIER = timedelta(seconds=10)


def submitted(lms: Lms, people: int) -> tuple[Batch, Actor]:
    """Return a running batch for so many people; the first of them has the item already."""
    account = Account.objects.create(remote_id="model")
    owner = get_user_model().objects.create(
        issuer="test", subject="m", name="Mona", email="mona@example.com", roles=["manager"]
    )
    by = Actor(ref=f"user/{owner.pk}", name="Mona", means="page")
    times = {"created_at": NOON, "changed_at": NOON}
    draft = Draft.objects.create(
        account=account, owner=owner, due_date=date(2027, 1, 15), assigns_again=True, **times
    )
    seen = {"account": account, "is_active": True, "search_text": "", "last_seen_sync": 1}
    content = Content.objects.create(
        source="course", remote_id="c1", external_reference=ITEM, title="Fire safety", **seen
    )
    DraftContent.objects.create(draft=draft, content=content)
    for number in range(people):
        learner = Learner.objects.create(remote_id=f"u{number}", name=f"Person {number}", **seen)
        DraftLearner.objects.create(draft=draft, learner=learner)
    _hold_already(lms, account, content)
    plan = frozen_plan.freeze(draft=draft, now=NOON)
    batch = submission.submit(
        draft=draft,
        plan_digest=plan.plan_digest,
        reason="",
        confirms_completed=False,
        by=by,
        now=NOON,
    )
    control.start_now(batch=batch, by=by, now=NOON)
    return batch, by


def _hold_already(lms: Lms, account: Account, content: Content) -> None:
    at = NOON - EARLIER
    held = lms.add("u0", None, at)
    lms.records[-1].shown_at = at
    RemoteAssignment.objects.create(
        account=account,
        remote_id=held,
        learner=Learner.objects.get(remote_id="u0"),
        content=content,
        learner_remote_id="u0",
        content_reference=ITEM,
        assigned_at=at,
        first_seen_at=at,
    )


def states_of(batch: Batch) -> dict[int, str]:
    """Return the state of each row."""
    return dict(Assignment.objects.filter(batch=batch).values_list("pk", "state"))
