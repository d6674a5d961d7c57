"""The states of assignments as a model, and proof that it detects broken rules."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from assignments.audit.entries.row_numbers import format_numbers
from assignments.models import Assignment
from assignments.services.batches import group_entries, row_pipeline
from assignments.services.batches.row_changes import GroupStep, RowChange
from assignments.services.sending import claims, outcomes, refusals
from assignments.services.sending.foreign_records import ForeignRecords
from assignments.stackone.errors import OutcomeUnknown
from tests.model.machine import Adversary, Everyday

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "12"))
ENOUGH_TO_FIND = 2_000
Patch = pytest.MonkeyPatch


def play(machine: type[Everyday], examples: int, **more: Any) -> None:
    """Run that many examples."""
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=slow,
            **more,
        ),
    )


def test_every_invariant_holds() -> None:
    play(Adversary, EXAMPLES)


def lost_rows_are_sent_again(patch: Patch, _: Any) -> None:
    """Recover as if requests that may have been sent were not."""

    def recover(*, account: Any, sender: str, now: Any) -> int:
        lost = Assignment.objects.filter(batch__account=account, state="sending")
        return lost.exclude(sender=sender).update(state="queued", send_at=now)

    patch.setattr(claims, "recover", recover)


def the_fence_is_ignored(patch: Patch, _: Any) -> None:
    """Write every outcome, whoever holds the row now."""
    patch.setattr(outcomes, "_fenced", lambda calls, _: list(calls))


def the_settle_window_is_not_waited_for(_: Patch, config: Any) -> None:
    """Send again what the LMS does not show immediately."""
    config.SETTLE_SECONDS = 0


def older_records_count(patch: Patch, _: Any) -> None:
    """Match a record that existed before the call."""
    patch.setattr(ForeignRecords, "ids_for", lambda *_: set())


def an_unclear_response_counts_as_not_sent(patch: Patch, _: Any) -> None:
    """Queue again what may have been processed."""
    values = outcomes._values

    def not_sent(row: Assignment, error: Any, at: Any) -> dict[str, object]:
        if isinstance(error, OutcomeUnknown):
            return {"state": Assignment.State.QUEUED, "send_at": at}
        return values(row, error, at)

    patch.setattr(outcomes, "_values", not_sent)


def unknown_rows_are_claimed(patch: Patch, _: Any) -> None:
    """Send unknown rows without a read-back."""
    due = claims.due

    def and_unknown(*, account: Any, count: int, turn: int, now: Any) -> list[claims.DueRow]:
        unknown = Assignment.objects.filter(batch__account=account, state="unknown")
        unknown.update(state="queued", send_at=now)
        return due(account=account, count=count, turn=turn, now=now)

    patch.setattr(claims, "due", and_unknown)


def outcomes_are_not_logged(patch: Patch, _: Any) -> None:
    """Settle rows without an entry."""
    _record_only(patch, lambda change: isinstance(change.event, GroupStep))


def a_read_back_is_not_logged(patch: Patch, _: Any) -> None:
    """Settle unknown rows without an entry."""
    _record_only(
        patch,
        lambda change: (
            change.values.get("state") == "sending" or ("read_backs" not in change.values)
        ),
    )


def started_calls_name_another_row(patch: Patch, _: Any) -> None:
    """Record the start of a call under the number of the row after it."""
    patch.setattr(
        group_entries,
        "format_numbers",
        lambda numbers: format_numbers([number % 2 + 1 for number in numbers]),
    )


def calls_start_in_the_first_entry(patch: Patch, _: Any) -> None:
    """Store with every row that its call was started by the first entry of the log."""
    patch.setattr(row_pipeline, "_started_in", lambda _, change: _with_start(change))


def _with_start(change: RowChange) -> RowChange:
    return replace(change, values={**change.values, "started_in": 0})


def _record_only(patch: Patch, is_recorded: Callable[[RowChange], bool]) -> None:
    record = row_pipeline._record

    def record_some(changes: Any, by: Any, now: Any) -> dict[int, int]:
        return record([change for change in changes if is_recorded(change)], by, now)

    patch.setattr(row_pipeline, "_record", record_some)


def a_refusal_counts_as_created(patch: Patch, _: Any) -> None:
    """Settle refused rows as created."""

    def created(row: Assignment, error: Any, at: Any) -> dict[str, object]:
        return {"state": "created", "remote_id": f"x{row.pk}", "settled_at": at}

    patch.setattr(outcomes, "_values", created)
    patch.setitem(outcomes.ACTIONS, Assignment.State.CREATED, "assignment.created")


def refusals_are_not_counted(patch: Patch, _: Any) -> None:
    """Forget that a row has waited because the account may have been refused."""
    patch.setattr(refusals, "counted", lambda *_: {})


class Sent(Everyday):
    """A request was sent, and its outcome is not known yet."""

    fate = "created"

    def open(self) -> None:
        """Send it."""
        self.send(0, 1, (self.fate,) * 3)


class ToBeRefused(Sent):
    """A request was sent that the LMS will refuse."""

    fate = "400"


class RefusedOnce(Sent):
    """A request was refused, and a person has resumed the account."""

    fate = "401"

    def open(self) -> None:
        """Let the call end and the account be resumed."""
        super().open()
        self.end_call(0)
        self.resume_account()
        self.wait(5)


class LostResponse(Sent):
    """A request took effect, and its response was lost."""

    fate = "lost response"

    def open(self) -> None:
        """Let the call end too."""
        super().open()
        self.end_call(0)


class LostRequest(LostResponse):
    """A request was lost before it took effect."""

    fate = "lost request"


# Each with the state in which its examples begin, so that it is detected within seconds.
BROKEN: Mapping[Callable[[Patch, Any], None], type[Everyday]] = {
    lost_rows_are_sent_again: Sent,
    the_fence_is_ignored: Sent,
    the_settle_window_is_not_waited_for: LostResponse,
    older_records_count: LostRequest,
    an_unclear_response_counts_as_not_sent: LostResponse,
    unknown_rows_are_claimed: LostResponse,
    outcomes_are_not_logged: Everyday,
    a_read_back_is_not_logged: LostResponse,
    started_calls_name_another_row: Adversary,
    calls_start_in_the_first_entry: Everyday,
    a_refusal_counts_as_created: ToBeRefused,
    refusals_are_not_counted: RefusedOnce,
}


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the rules know no database")
# Measuring what is covered would double the time of the longest tests, and they cover nothing new.
@pytest.mark.no_cover
@pytest.mark.parametrize("broken", [pytest.param(rule, id=rule.__name__) for rule in BROKEN])
def test_a_broken_rule_is_detected(
    broken: Callable[[Patch, Any], None], monkeypatch: Patch, settings: Any
) -> None:
    broken(monkeypatch, settings)

    # An invariant of the model or a constraint of the database detects it.
    with pytest.raises((AssertionError, IntegrityError)):
        play(
            BROKEN[broken],
            ENOUGH_TO_FIND,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            database=None,
        )
