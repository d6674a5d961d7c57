"""Fixtures for services against the real sandbox over a socket, with a clock that can jump."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model

from assignments.audit.entries.actors import Actor
from assignments.models import Account, Batch, Content, Draft, DraftContent, DraftLearner, Learner
from assignments.services.batches import control
from assignments.services.calls import connections
from assignments.services.planning import frozen_plan
from assignments.services.sending import sender
from assignments.services.submitting import submission
from assignments.services.syncing import sync_request, sync_run
from tests.sandbox_process import Sandbox, running_sandbox

DUE = date(2027, 1, 15)


class Clock:
    """The real time, plus whatever a test has skipped."""

    def __init__(self) -> None:
        self.skipped = timedelta()

    def __call__(self) -> datetime:
        """Return the current time of the test (UTC)."""
        return datetime.now(UTC) + self.skipped

    def skip(self, **how_long: float) -> None:
        """Move the clock on."""
        self.skipped += timedelta(**how_long)


class Desk:
    """A manager who picks, reviews and submits, and a worker that sends."""

    def __init__(self, lms: Sandbox, clock: Clock) -> None:
        self.lms = lms
        self.clock = clock
        self.account: Account = connections.configured_accounts()[0]
        self.owner = get_user_model().objects.create(
            issuer="test",
            subject="priya",
            name="Priya Mehta",
            email="priya@northwind.example",
            roles=["manager"],
        )
        self.by = Actor(
            ref=f"user/{self.owner.pk}",
            name="Priya Mehta",
            email=self.owner.email,
            means="page",
            session="s1",
            ip="127.0.0.1",
            request_id=str(uuid.uuid4()),
        )

    def sync(self) -> None:
        """Bring the whole directory in."""
        run = sync_request.request_sync(account=self.account, by=self.by, now=self.clock())
        assert sync_run.run_sync(
            run=run, by=self.by, clock=self.clock, may_go_on=lambda: True, progress=lambda _: None
        )
        self.account.refresh_from_db()

    def draft(self, people: int = 3, items: int = 1, **terms: object) -> Draft:
        """Return a draft of people and items that are not assigned yet."""
        now = self.clock()
        values = {"due_date": DUE, "status": "pending", "created_at": now, "changed_at": now}
        draft = Draft.objects.create(account=self.account, owner=self.owner, **values | terms)
        learners = Learner.objects.filter(is_active=True, remote_assignments=None).order_by("pk")
        contents = Content.objects.filter(is_active=True).exclude(external_reference="")
        for learner in learners[:people]:
            DraftLearner.objects.create(draft=draft, learner=learner)
        for content in contents.order_by("pk")[:items]:
            DraftContent.objects.create(draft=draft, content=content)
        return draft

    def review(self, draft: Draft) -> Batch:
        """Freeze the draft's plan."""
        return frozen_plan.freeze(draft=draft, now=self.clock())

    def submit(self, people: int = 3, items: int = 1, **terms: object) -> Batch:
        """Submit a new batch and release it at once."""
        return self.submit_draft(self.draft(people, items, **terms))

    def submit_draft(self, draft: Draft) -> Batch:
        """Review a draft, submit it and release the batch at once."""
        plan = self.review(draft)
        batch = submission.submit(
            draft=draft,
            plan_digest=plan.plan_digest,
            reason="Policy DP-14",
            confirms_completed=True,
            by=self.by,
            now=self.clock(),
        )
        control.start_now(batch=batch, by=self.by, now=self.clock())
        batch.refresh_from_db()
        return batch

    def deliver(self) -> None:
        """Let a worker deliver what is due now."""
        sender.deliver(account=self.account, clock=self.clock, may_go_on=lambda: True)
        self.account.refresh_from_db()

    def states(self, batch: Batch) -> list[str]:
        """Return the states of the batch's rows in the plan's order."""
        rows = batch.assignments.order_by("position")
        return list(rows.values_list("state", flat=True))


@pytest.fixture(scope="session")
def shared_lms() -> Iterator[Sandbox]:
    """Run one small sandbox for the whole session."""
    with running_sandbox(learners=60, content=20, requests_per_minute=0) as lms:
        yield lms


@pytest.fixture
def lms(shared_lms: Sandbox) -> Iterator[Sandbox]:
    """Return the sandbox, as it was when it started."""
    shared_lms.reset()
    shared_lms.set_faults({})
    yield shared_lms
    shared_lms.set_faults({})


@pytest.fixture
def moving_clock() -> Clock:
    """Return a clock that can jump."""
    return Clock()


@pytest.fixture
def desk(db, lms, moving_clock, settings) -> Desk:
    """Return a manager at work with a synced directory."""
    settings.STACKONE_BASE_URL = lms.base_url
    settings.STACKONE_REQUESTS_PER_MINUTE = 60_000
    settings.STACKONE_TIMEOUT_SECONDS = 10
    settings.SENDER_CONCURRENCY = 4
    desk = Desk(lms, moving_clock)
    desk.sync()
    return desk
