"""Transactions never deadlock: a person who presses a button, and a sender that writes outcomes."""

import threading
from collections.abc import Iterable

import pytest
from django.db import connection, transaction

from assignments.models import (
    Account,
    Assignment,
    Attempt,
    Batch,
    Draft,
    DraftRow,
    LogHead,
    RemoteAssignment,
)
from assignments.services.batches import control
from assignments.services.calls.call_process import EndedCall
from assignments.services.picking import audiences
from assignments.services.sending import claims, outcomes
from assignments.services.submitting import submission
from assignments.services.syncing import sync_request
from assignments.stackone.errors import AccountUnusable
from assignments.stackone.resources import CreatedAssignment

pytestmark = pytest.mark.core

SENDER = "sender"
CREATED = CreatedAssignment(id="r-1", remote_id="1")
REFUSED = AccountUnusable("Refused.", status=403)


def lock(rows: Iterable[object], held: threading.Event, ended: list[str]) -> None:
    """Lock as every button does: its objects first, and then the head of the log."""
    with transaction.atomic():
        list(rows)
        held.set()
        # Meanwhile the sender proceeds until it has to wait.
        threading.Event().wait(0.5)
        LogHead.objects.select_for_update().get()
    ended.append("the button")
    connection.close()


@pytest.mark.parametrize(
    ("model", "reply"),
    [
        pytest.param(Batch, CREATED, id="a batch that passes its canary"),
        pytest.param(Account, REFUSED, id="an account that is paused"),
    ],
)
def test_a_button_and_an_outcome_do_not_deadlock(transactional_db, desk, model, reply):
    batch, now = desk.submit(people=12), desk.clock()
    due = claims.due(account=desk.account, count=3, turn=0, now=now)
    ended_calls = [
        EndedCall(claim, reply, now) for claim in claims.claim(due, sender=SENDER, now=now)
    ]
    held = threading.Event()
    ended: list[str] = []
    button = threading.Thread(target=lock, args=(model.objects.select_for_update(), held, ended))
    button.start()
    held.wait()

    outcomes.settle(account=desk.account, sender=SENDER, calls=ended_calls, now=now)
    button.join()

    assert ended == ["the button"]
    assert "sending" not in desk.states(batch)


def acts(desk):
    """Return actions that lock rows which others refer to, and then the head of the log."""
    draft = desk.draft(people=2, assigns_again=True)
    seal = desk.review(draft).plan_digest
    now = desk.clock()
    batch = desk.submit(people=3, items=2)
    return {
        "submit": lambda: submission.submit(
            draft=draft,
            plan_digest=seal,
            reason="",
            confirms_completed=True,
            by=desk.by,
            now=now,
        ),
        "sync": lambda: sync_request.request_sync(account=desk.account, by=desk.by, now=now),
        "pause": lambda: control.pause(batch=batch, by=desk.by, now=now),
        "save an audience": lambda: audiences.save_selection(
            draft=draft, name="Everybody", by=desk.by, by_pk=draft.owner_id, now=now
        ),
    }


@pytest.mark.parametrize("name", ["submit", "sync", "pause", "save an audience"])
def test_rows_that_refer_to_a_locked_row_can_be_inserted(transactional_db, desk, name):
    act = acts(desk)[name]
    row, draft = Assignment.objects.latest("pk"), Draft.objects.get(is_submitted=False)
    ended: list[str] = []

    def acting() -> None:
        act()
        ended.append(name)
        connection.close()

    person = threading.Thread(target=acting)
    with transaction.atomic():
        LogHead.objects.select_for_update().get()
        person.start()
        # Meanwhile the person proceeds until the head of the log.
        threading.Event().wait(0.5)
        RemoteAssignment.objects.create(
            account=desk.account, remote_id="r-9", learner=row.learner, first_seen_at=desk.clock()
        )
        Attempt.objects.create(
            assignment=row,
            number=9,
            started_at=desk.clock(),
            finished_at=desk.clock(),
            outcome="created",
        )
        DraftRow.objects.create(draft=draft, learner=row.learner, content=row.content)
    person.join()

    assert ended == [name]
