"""The life of assignments under an adversary who picks the order of calls, crashes and delays."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.audit.actors import Actor
from assignments.models import (
    Account,
    Assignment,
    Batch,
    Content,
    Draft,
    DraftContent,
    DraftLearner,
    Learner,
    LogEntry,
)
from assignments.services import (
    claims,
    control,
    outcomes,
    planning,
    reconciliation,
    submission,
)
from assignments.services.calls import Ended
from assignments.services.claims import Claim
from assignments.stackone.errands import Seen
from assignments.stackone.errors import (
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Refused,
    StackOneError,
)
from assignments.stackone.resources import Created, RemoteAssignment

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CALL_ENDS_WITHIN = timedelta(seconds=60)  # the contract: every request ends within 60 seconds
SEEN_WITHIN = timedelta(seconds=20)
PEOPLE = 3


@dataclass
class Call:
    """A request that left: whether it took effect is the adversary's choice."""

    claim: Claim
    sender: str
    left_at: datetime
    fate: str
    record: str = ""


class World:
    """The desk's rows, the LMS's records, the calls between them, and the time."""

    def __init__(self) -> None:
        self.now = NOON
        self.sender = "sender-0"
        self.calls: list[Call] = []
        self.held: list[tuple[str, str, datetime]] = []
        self.account = Account.objects.create(remote_id="model")
        self.batch = self._submitted()

    def act(self, step: str, fate: str) -> None:
        """Let one thing happen."""
        getattr(self, step)(fate)

    def send(self, fate: str) -> None:
        """Claim a row and let its request leave."""
        for claim in claims.claim(
            claims.due(account=self.account, count=1, turn=0, now=self.now),
            sender=self.sender,
            now=self.now,
        ):
            self.calls.append(Call(claim, self.sender, self.now, fate))

    def arrive(self, _: str) -> None:
        """Let the oldest request reach the LMS, and be answered if its fate is an answer."""
        if not self.calls:
            return
        call = self.calls.pop(0)
        if call.fate in {"created", "lost answer"}:
            call.record = f"record-{len(self.held)}"
            self.held.append((call.claim.user_id, call.record, self.now))
        outcomes.settle(
            account=self.account,
            sender=call.sender,
            answers=[Ended(call.claim, _reply(call), self.now)],
            now=self.now,
        )

    def crash(self, _: str) -> None:
        """Let the sender die; requests that left still arrive, their answers reach nobody."""
        self.sender = f"sender-{int(self.sender.split('-')[1]) + 1}"
        claims.recover(account=self.account, sender=self.sender, now=self.now)

    def look(self, _: str) -> None:
        """Read back what is due."""
        jobs = reconciliation.due(account=self.account, count=9, besides=(), now=self.now)
        answers = [Ended(job, self._seen(job.user_id), self.now) for job in jobs]
        reconciliation.settle(account=self.account, answers=answers, now=self.now)

    def wait(self, _: str) -> None:
        """Let ten seconds pass; the LMS answers or drops what is older than its limit."""
        self.now += timedelta(seconds=10)
        while self.calls and self.now - self.calls[0].left_at >= CALL_ENDS_WITHIN:
            self.arrive("")

    def settle_everything(self) -> None:
        """Go on without an adversary until nothing moves by itself."""
        while self.calls:
            self.arrive("")
        self.crash("")
        for _ in range(60):
            self.send("created")
            while self.calls:
                self.arrive("")
            self.look("")
            self.wait("")

    def _seen(self, user_id: str) -> Seen:
        records = tuple(
            RemoteAssignment.from_json(
                {
                    "id": record,
                    "user_id": user,
                    "learning_object_external_reference": "CRS-1",
                    "created_at": at.isoformat(),
                }
            )
            for user, record, at in self.held
            if user == user_id and at + SEEN_WITHIN <= self.now
        )
        return Seen(records, 1)

    def _submitted(self) -> Batch:
        owner = get_user_model().objects.create(
            issuer="test", subject="m", name="Mona", email="mona@example.com", roles=["manager"]
        )
        by = Actor(ref=f"user/{owner.pk}", name="Mona", means="page")
        draft = Draft.objects.create(
            account=self.account,
            owner=owner,
            due_date=date(2027, 1, 15),
            created_at=NOON,
            changed_at=NOON,
        )
        content = Content.objects.create(
            account=self.account,
            source="course",
            remote_id="c1",
            external_reference="CRS-1",
            title="Fire safety",
            is_active=True,
            search_text="",
            seen_in=1,
        )
        DraftContent.objects.create(draft=draft, content=content)
        for number in range(PEOPLE):
            learner = Learner.objects.create(
                account=self.account,
                remote_id=f"u{number}",
                name=f"Person {number}",
                is_active=True,
                search_text="",
                seen_in=1,
            )
            DraftLearner.objects.create(draft=draft, learner=learner)
        plan = planning.freeze(draft=draft, now=NOON)
        batch = submission.submit(
            draft=draft,
            plan_sha256=plan.plan_sha256,
            reason="",
            confirms_completed=False,
            by=by,
            now=NOON,
        )
        control.start_now(batch=batch, by=by, now=NOON)
        return batch


def _reply(call: Call) -> Created | StackOneError:
    if call.fate == "created":
        return Created(id=call.record, remote_id=None, status=201, reply={})
    errors: dict[str, StackOneError] = {
        "lost answer": OutcomeUnknown("The connection broke."),
        "no effect": OutcomeUnknown("The server failed."),
        "slow down": RateLimited("Slow down.", retry_after=5),
        "never left": NotSent("No connection."),
        "refused": Refused("No such person."),
    }
    return errors[call.fate]


FATES = st.sampled_from(
    ["created", "created", "lost answer", "no effect", "slow down", "never left", "refused"]
)
STEPS = st.sampled_from(["send", "send", "arrive", "crash", "look", "wait", "wait"])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(STEPS, FATES), min_size=5, max_size=40))
def test_whatever_happens_every_row_ends_true_and_nothing_twice(db, steps):
    with transaction.atomic():
        world = World()
        for step, fate in steps:
            world.act(step, fate)
        world.settle_everything()

        rows = list(world.batch.assignments.all())
        created = {row.remote_id for row in rows if row.state == "created"}
        assert created == {record for _, record, _ in world.held}
        assert len({user for user, _, _ in world.held}) == len(world.held)
        assert all(_is_at_rest(row) for row in rows)
        assert all(_outcomes(row) == _settlements(row) for row in rows)
        transaction.set_rollback(True)


def _is_at_rest(row: Assignment) -> bool:
    return row.state in {"created", "rejected"} or (row.state == "unknown" and not row.check_at)


def _settlements(row: Assignment) -> int:
    return 1 if row.state in {"created", "rejected"} else 0


def _outcomes(row: Assignment) -> int:
    outcome = ["assignment.created", "assignment.rejected"]
    return LogEntry.objects.filter(subject=f"assignment/{row.pk}", action__in=outcome).count()
