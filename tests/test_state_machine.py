"""The life of assignments as a model, and proof that the model notices when a rule is broken."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from assignments.models import Assignment
from assignments.services.batches import row_pipeline
from assignments.services.sending import claims, outcomes
from assignments.services.sending.foreign_records import ForeignRecords
from assignments.stackone.errors import OutcomeUnknown
from tests.model.machine import Adversary, Everyday

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "12"))
ENOUGH_TO_FIND = 2_000
Patch = pytest.MonkeyPatch


def play(machine: type[Everyday], examples: int, **more: Any) -> None:
    """Play so many games."""
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


def test_whatever_happens_every_promise_holds() -> None:
    play(Adversary, EXAMPLES)


def lost_rows_are_sent_again(patch: Patch, _: Any) -> None:
    """Recover as if a request that may have left had not."""

    def recover(*, account: Any, sender: str, now: Any) -> int:
        lost = Assignment.objects.filter(batch__account=account, state="sending")
        return lost.exclude(sender=sender).update(state="queued", send_at=now)

    patch.setattr(claims, "recover", recover)


def the_fence_is_ignored(patch: Patch, _: Any) -> None:
    """Write whatever a sender was told."""
    patch.setattr(outcomes, "_fenced", lambda answers, _: list(answers))


def the_settle_window_is_not_waited_for(_: Patch, config: Any) -> None:
    """Send again what the LMS does not show at once."""
    config.SETTLE_SECONDS = 0


def older_records_count(patch: Patch, _: Any) -> None:
    """Take a record for ours that was there before the call."""
    patch.setattr(ForeignRecords, "ids_for", lambda *_: set())


def an_unclear_answer_counts_as_not_sent(patch: Patch, _: Any) -> None:
    """Queue again what may have been processed."""
    values = outcomes._values

    def not_sent(row: Assignment, error: Any, at: Any) -> dict[str, object]:
        if isinstance(error, OutcomeUnknown):
            return {"state": Assignment.State.QUEUED, "send_at": at}
        return values(row, error, at)

    patch.setattr(outcomes, "_values", not_sent)


def unknown_rows_are_claimed(patch: Patch, _: Any) -> None:
    """Send what is unknown without looking first."""
    due = claims.due

    def and_unknown(*, account: Any, count: int, turn: int, now: Any) -> list[claims.DueRow]:
        unknown = Assignment.objects.filter(batch__account=account, state="unknown")
        unknown.update(state="queued", send_at=now)
        return due(account=account, count=count, turn=turn, now=now)

    patch.setattr(claims, "due", and_unknown)


def outcomes_are_not_logged(patch: Patch, _: Any) -> None:
    """Settle rows without an entry."""
    patch.setattr(row_pipeline, "_record", lambda *_: None)


def a_read_back_is_not_logged(patch: Patch, _: Any) -> None:
    """Settle unknown rows without an entry."""
    record = row_pipeline._record

    def record_calls(changes: Any, by: Any, now: Any) -> None:
        record([change for change in changes if "read_backs" not in change.values], by, now)

    patch.setattr(row_pipeline, "_record", record_calls)


def a_refusal_counts_as_created(patch: Patch, _: Any) -> None:
    """Say created of what the LMS refused."""

    def created(row: Assignment, error: Any, at: Any) -> dict[str, object]:
        return {"state": "created", "remote_id": f"x{row.pk}", "settled_at": at}

    patch.setattr(outcomes, "_values", created)


class Left(Everyday):
    """A request has left, and nobody knows yet what became of it."""

    fate = "created"

    def open(self) -> None:
        """Let it leave."""
        self.send(0, 1, (self.fate,) * 3)


class ToBeRefused(Left):
    """It has left, and the LMS will refuse it."""

    fate = "400"


class LostAnswer(Left):
    """It took effect, and its answer was lost."""

    fate = "lost answer"

    def open(self) -> None:
        """Let the call end, too."""
        super().open()
        self.answer(0)


class LostRequest(LostAnswer):
    """It was lost on its way, and nobody knows."""

    fate = "lost request"


# Each with where the game begins, so that it is found in seconds: no rule is told what to look for.
BROKEN: Mapping[Callable[[Patch, Any], None], type[Everyday]] = {
    lost_rows_are_sent_again: Left,
    the_fence_is_ignored: Left,
    the_settle_window_is_not_waited_for: LostAnswer,
    older_records_count: LostRequest,
    an_unclear_answer_counts_as_not_sent: LostAnswer,
    unknown_rows_are_claimed: LostAnswer,
    outcomes_are_not_logged: Everyday,
    a_read_back_is_not_logged: LostAnswer,
    a_refusal_counts_as_created: ToBeRefused,
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the rules know no database")
# Measuring what is covered would double the time of the longest tests, and they cover nothing new.
@pytest.mark.no_cover
@pytest.mark.parametrize("broken", [pytest.param(one, id=one.__name__) for one in BROKEN])
def test_a_broken_rule_is_noticed(
    broken: Callable[[Patch, Any], None], monkeypatch: Patch, settings: Any
) -> None:
    broken(monkeypatch, settings)

    # What a promise does not notice first, a constraint of the database may.
    with pytest.raises((AssertionError, IntegrityError)):
        play(
            BROKEN[broken],
            ENOUGH_TO_FIND,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            database=None,
        )
