"""A model of sending: hypothesis picks each step; the invariants hold after every one.

What is assumed of the other side: a request ends within a minute, and the LMS shows a new record
within the settle window. Where a step breaks the second, a row may be sent a second time.
"""

from collections import Counter
from datetime import datetime, timedelta

import orjson
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assignments.audit.entries.canonical import Entry
from assignments.audit.entries.row_numbers import groups_of
from assignments.audit.integrity.verdicts import Unsealed
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import Assignment, Attempt, Batch, Learner, LogEntry
from assignments.queries import work_due
from assignments.queries.failures import CLOSABLE
from assignments.services.batches import control, row_decisions, withdrawal
from assignments.services.calls import connections
from assignments.services.calls.call_process import EndedCall
from assignments.services.sending import claims, clock_changes, leases, outcomes, reconciliation
from assignments.services.sending.attempted_rows import as_attempted
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import OutcomeUnknown
from tests.model.desk import NOON, states_of, submitted
from tests.model.lms import CALL_ENDS_WITHIN, FATES, Call, Lms, reply_to

SENDERS = 2
LONGEST_DELAY = timedelta(seconds=70)
LONGEST_READ_BACK = timedelta(seconds=310)
# DESIGN §4; a row that goes straight from the plan to `sending` is queued in the same transaction.
MOVES = {
    "planned": {"sending", "skipped", "cancelled"},
    "queued": {"sending", "skipped", "cancelled"},
    "sending": {"created", "rejected", "queued", "unknown"},
    "unknown": {"created", "rejected", "queued", "cancelled", "skipped", "confirmed"},
    "confirmed": {"created", "skipped"},
    "rejected": {"queued", "skipped"},
    "created": set(),
    "skipped": set(),
    "cancelled": set(),
}
ACTIONS = {
    "sending": {"calls.started"},
    "queued": {"calls.deferred", "assignment.requeued"},
    "unknown": {
        "assignment.outcome_unknown",
        "assignments.looked_up",
        "assignment.referred",
    },
    "confirmed": {"assignment.confirmed", "assignments.looked_up", "assignment.referred"},
    "created": {"assignment.created"},
    "rejected": {"assignment.rejected"},
    "cancelled": {"assignment.cancelled"},
    "skipped": {
        "assignment.skipped",
        "assignment.accepted_existing",
        "assignment.closed_unconfirmed",
    },
}
who = st.integers(0, SENDERS - 1)
which = st.integers(0, 9)


class Everyday(RuleBasedStateMachine):
    """Ordinary failures; each example is one transaction, rolled back at its end."""

    people = 1

    def __init__(self) -> None:
        super().__init__()
        self._example = transaction.atomic()
        self._example.__enter__()
        self.now = NOON
        # How far the desk's clock is ahead of the true time.
        self.ahead = timedelta()
        self.is_altered = False
        self.lms = Lms()
        self.lives = [0] * SENDERS
        self.calls: list[Call] = []
        self.done: list[Call] = []
        self.excused: set[int] = set()

    @property
    def clock(self) -> datetime:
        """The time of the desk, which may differ from the true time, that of the LMS."""
        return self.now + self.ahead

    @initialize()
    def submit(self) -> None:
        """Begin with a running batch."""
        self.batch, self.by = submitted(self.lms, self.people)
        self.account = self.batch.account
        self.states = states_of(self.batch)
        self.open()

    def open(self) -> None:
        """Make the steps that come before the random ones; here none."""

    def teardown(self) -> None:
        """Roll the example back."""
        transaction.set_rollback(True)
        self._example.__exit__(None, None, None)

    @rule(sender=who, count=st.integers(1, 3), fates=st.tuples(*[st.sampled_from(FATES)] * 3))
    def send(self, sender: int, count: int, fates: tuple[str, ...]) -> None:
        """Let a sender claim rows and their requests leave, if it holds or gets the lease."""
        if not self._has_lease(sender):
            return
        name = self._name(sender)
        taken = self._taken()
        due = claims.due(account=self.account, count=count, turn=0, now=self.clock)
        claimed = claims.claim(due, sender=name, now=self.clock)
        assert not {claim.pk for claim in claimed} & taken - self.excused
        for claim, fate in zip(claimed, fates, strict=False):
            row = Assignment.objects.get(pk=claim.pk)
            assert (row.state, row.sender, row.attempt) == ("sending", name, claim.attempt)
            self.calls.append(Call(claim, name, self.now, fate))

    @precondition(lambda self: self.calls)
    @rule(number=which)
    def arrive(self, number: int) -> None:
        """Let a request reach the LMS."""
        self.lms.arrive(self.calls[number % len(self.calls)], self.now)

    @precondition(lambda self: self.calls)
    @rule(number=which)
    def end_call(self, number: int) -> None:
        """Let a call end and its sender write the outcome."""
        self._end(self.calls[number % len(self.calls)])

    @precondition(lambda self: self.done)
    @rule(number=which)
    def write_again(self, number: int) -> None:
        """Let a sender write an outcome a second time; it must change nothing."""
        before = list(Assignment.objects.filter(batch=self.batch).order_by("pk").values())
        self._settle(self.done[number % len(self.done)])
        after = list(Assignment.objects.filter(batch=self.batch).order_by("pk").values())
        assert before == after

    @rule(sender=who)
    def crash(self, sender: int) -> None:
        """Let a sender crash; its requests still arrive, the responses are lost."""
        self.lives[sender] += 1

    @rule(seconds_ago=st.integers(0, 5), fails=st.sampled_from([False, False, False, True]))
    def read_back(self, seconds_ago: int, fails: bool) -> None:
        """Read back the due rows, from a view that may be old."""
        at = self.now - timedelta(seconds=seconds_ago)
        clock_changes.note(self.account, now=self.clock)
        jobs = reconciliation.due(account=self.account, count=9, in_flight=(), now=self.clock)
        read_backs = [
            EndedCall(
                job, OutcomeUnknown("Busy.") if fails else self._seen(job.user_id, at), self.clock
            )
            for job in jobs
        ]
        reconciliation.settle(account=self.account, read_backs=read_backs, now=self.clock)

    @rule(seconds=st.sampled_from([1, 5, 10, 21, 30]))
    def wait(self, seconds: int) -> None:
        """Let time pass: leases run out, calls end, records are shown."""
        self.now += timedelta(seconds=seconds)
        withdrawal.finish(now=self.clock)
        late = [call for call in self.calls if self.now - call.left_at >= CALL_ENDS_WITHIN]
        for call in late:
            self._end(call)

    @rule()
    def resume_account(self) -> None:
        """Let an admin let the account send again."""
        connections.resume_account(account=self.account, by=self.by, now=self.clock)
        self.account.refresh_from_db()

    @invariant()
    def every_invariant_holds(self) -> None:
        """Check rows, log and LMS after each step."""
        if not hasattr(self, "batch"):
            return
        self._read()
        self.no_duplicates()
        self.nobody_is_refused_for_ever()
        self.every_row_has_a_next_step()
        self.states_match_the_lms()
        self.only_known_moves()
        self.every_outcome_is_logged_once()
        self.every_call_is_named_once()

    def no_duplicates(self) -> None:
        """No row makes two records, unless a person or a hidden record is the reason."""
        made = Counter(record.row for record in self.lms.records if record.row is not None)
        assert {row for row, count in made.items() if count > 1} <= self.excused

    def nobody_is_refused_for_ever(self) -> None:
        """No row waits a second time because the account may have been refused."""
        refused = Attempt.objects.filter(assignment__batch=self.batch, response_status=401)
        rows = refused.filter(outcome="queued").values_list("assignment", flat=True)
        assert len(rows) == len(set(rows))

    def every_row_has_a_next_step(self) -> None:
        """No row waits longer than the longest interval, once a sender has noted the time."""
        self.account.refresh_from_db()
        if work_due.was_clock_set_back(self.account, now=self.clock):
            return
        for row in self.rows:
            if row.state == "queued" and row.send_at is not None:
                assert row.send_at - self.clock <= LONGEST_DELAY
            if row.state == "unknown" and row.read_back_at is not None:
                assert row.read_back_at - self.clock <= LONGEST_READ_BACK

    def states_match_the_lms(self) -> None:
        """Created rows are in the LMS; rows that were not sent are not."""
        made = {record.id: record.row for record in self.lms.records}
        sent_rows = set(made.values())
        for row in self.rows:
            if row.state == "created" and row.remote_id:
                # A conflict is about whatever record is in the way.
                assert made.get(row.remote_id) == row.pk or row.response_status == 409
            if row.state in {"rejected", "skipped", "cancelled"} and row.pk not in self.excused:
                assert row.pk not in sent_rows

    def only_known_moves(self) -> None:
        """A row changes state only as DESIGN §4 allows, and its newest entry matches."""
        before, self.states = self.states, {row.pk: row.state for row in self.rows}
        for pk, state in self.states.items():
            assert state == before[pk] or state in MOVES[before[pk]], (before[pk], state)
            newest = self.actions[pk][-1:]
            assert state == "planned" or set(newest) & ACTIONS[state], (state, newest)

    def every_outcome_is_logged_once(self) -> None:
        """There is one outcome entry for each time that a row was settled."""
        for row in self.rows:
            created = self.actions[row.pk].count("assignment.created")
            assert created == (1 if row.state == "created" else 0), (
                row.state,
                self.actions[row.pk],
            )

    def every_call_is_named_once(self) -> None:
        """Each attempt of a row is named by the entry of the group that was claimed with it."""
        for row in self.rows:
            started = self.started[row.pk]
            assert [attempt for attempt, _ in started] == list(range(1, row.attempt + 1))
            assert row.started_in == (started[-1][1] if started else None)
            # An outcome names the entry of the attempt that it ends.
            assert self.named[row.pk] <= set(started)
        assert as_attempted(self.rows) == {row.pk for row in self.rows if row.attempt}

    def _read(self) -> None:
        self.rows = list(Assignment.objects.filter(batch=self.batch).select_related("batch"))
        self.actions: dict[int, list[str]] = {row.pk: [] for row in self.rows}
        # Pairs of an attempt and the number of the entry that says that it was started.
        self.started: dict[int, list[tuple[int, int]]] = {row.pk: [] for row in self.rows}
        self.named: dict[int, set[tuple[int, int]]] = {row.pk: set() for row in self.rows}
        subjects = {f"assignment/{row.pk}": row.pk for row in self.rows}
        entries = LogEntry.objects.filter(subject__in=[*subjects, self.batch.ref]).order_by("seq")
        for entry in entries:
            body = orjson.loads(bytes(entry.body))
            self._read_groups(entry, body)
            if entry.subject in subjects:
                pk, detail = subjects[entry.subject], body["detail"]
                self.actions[pk].append(entry.action)
                if "started_in" in detail:
                    self.named[pk].add((detail["attempt"], detail["started_in"]))

    def _read_groups(self, entry: LogEntry, body: Entry) -> None:
        pks = {row.position: row.pk for row in self.rows}
        for positions, group in groups_of(body):
            for pk in map(pks.__getitem__, positions):
                self.actions[pk].append(entry.action)
                if entry.action == "calls.started":
                    self.started[pk].append((int(str(group["attempt"])), entry.seq))

    def _taken(self) -> set[int]:
        """Return the rows of which the LMS has said that it took them."""
        taken = Assignment.objects.filter(batch=self.batch, response_status__range=(200, 299))
        return set(taken.values_list("pk", flat=True))

    def _name(self, sender: int) -> str:
        return f"sender-{sender}-{self.lives[sender]}"

    def _has_lease(self, sender: int) -> bool:
        name = self._name(sender)
        self.account.refresh_from_db()
        if self.account.paused_at is not None:
            return False
        if self.account.sender == name:
            if leases.renew(self.account, sender=name, now=self.clock):
                clock_changes.note(self.account, now=self.clock)
                return True
            # It ends; the next delivery has another name.
            self.lives[sender] += 1
            name = self._name(sender)
        if not leases.acquire(self.account, sender=name, now=self.clock):
            return False
        clock_changes.note(self.account, now=self.clock)
        claims.recover(account=self.account, sender=name, now=self.clock)
        return True

    def _end(self, call: Call) -> None:
        self.lms.arrive(call, self.now)
        self.calls.remove(call)
        if call.sender in map(self._name, range(SENDERS)):
            self._settle(call)
            self.done.append(call)

    def _settle(self, call: Call) -> None:
        # A sender notes that the clock was set within a tenth of a second.
        clock_changes.note(self.account, now=self.clock)
        answers = [EndedCall(call.claim, reply_to(call), self.clock)]
        outcomes.settle(account=self.account, sender=call.sender, calls=answers, now=self.clock)

    def _seen(self, user: str, at: datetime) -> UserAssignments:
        return UserAssignments(self.lms.shown(user, at), 1)


class Adversary(Everyday):
    """Also people who change their minds, and an LMS that misbehaves."""

    people = 3

    def teardown(self) -> None:
        """Check the log, and that all rows settle when nothing else happens."""
        try:
            if hasattr(self, "batch"):
                self._left_alone()
        finally:
            super().teardown()

    @rule()
    def hide_for_long(self) -> None:
        """Let the LMS break its assumption: records made so far become visible after an hour."""
        for record in self.lms.records:
            if record.row is not None and record.shown_at > self.now:
                record.shown_at = self.now + timedelta(hours=1)
                self.excused.add(record.row)

    @rule(person=st.integers(0, 2))
    def somebody_else_assigns(self, person: int) -> None:
        """Let the item be assigned by somebody else, with another due date."""
        self.lms.add(f"u{person}", None, self.now, NOON + timedelta(days=300))

    @rule(act=st.sampled_from(["pause", "resume", "resume", "stop"]))
    def control(self, act: str) -> None:
        """Let a person pause, resume or stop the batch, if it can be done."""
        try:
            getattr(control, act)(batch=self.batch, by=self.by, now=self.clock)
        except control.ControlRefused:
            return

    @rule(act=st.sampled_from(["retry", "retry", "accept_existing", "close_unconfirmed"]))
    def decide(self, act: str) -> None:
        """Let a person decide about rows that failed, if there are any."""
        rows = Assignment.objects.filter(CLOSABLE, batch=self.batch)
        decided = set(rows.values_list("pk", flat=True))
        try:
            getattr(row_decisions, act)(batch=self.batch, by=self.by, now=self.clock)
        except control.ControlRefused:
            return
        self.excused |= decided

    @rule()
    def set_clock_forward(self) -> None:
        """Let the desk's clock jump an hour ahead: settle windows end before their time."""
        if not self.ahead:
            unknown = Assignment.objects.filter(batch=self.batch, state="unknown")
            self.excused |= set(unknown.values_list("pk", flat=True))
            self.ahead = timedelta(hours=1)

    @rule()
    def set_clock_back(self) -> None:
        """Let the desk's clock be right again."""
        self.ahead = timedelta()

    @rule()
    def alter_plan(self) -> None:
        """Let somebody change a term of the batch in the database."""
        self.is_altered = True
        Batch.objects.filter(pk=self.batch.pk).update(external_reference="HR-1")

    @rule(person=st.integers(0, 2))
    def leave_the_company(self, person: int) -> None:
        """Let a person become inactive in the LMS."""
        Learner.objects.filter(remote_id=f"u{person}").update(is_active=False)

    def _left_alone(self) -> None:
        for call in list(self.calls):
            self._end(call)
        self.set_clock_back()
        self.resume_account()
        self.lives = [life + 1 for life in self.lives]
        # Of an altered plan nothing is sent any more.
        self.control("stop" if self.is_altered else "resume")
        for _ in range(30):
            self.wait(30)
            self.send(0, 3, ("created",) * 3)
            for call in list(self.calls):
                self._end(call)
            self.read_back(0, fails=False)
        self._read()
        self.no_duplicates()
        self.states_match_the_lms()
        self.batch.refresh_from_db()
        rows = Assignment.objects.filter(batch=self.batch)
        moving = [vars(row) for row in rows if _is_moving(row)]
        assert not moving, (self.batch.state, self.batch.pause_reason, moving)
        assert isinstance(verdict_on_log(), Unsealed)


def _is_moving(row: Assignment) -> bool:
    return row.state in {"planned", "queued", "sending"} or (
        row.state == "unknown" and row.read_back_at is not None
    )
