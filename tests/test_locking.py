"""Nobody waits in a circle: a person who presses a button and a sender that writes outcomes."""

import threading
from collections.abc import Iterable

import pytest
from django.db import connection, transaction

from assignments.models import Account, Batch, LogHead
from assignments.services import claims, outcomes
from assignments.services.calls import Ended
from assignments.stackone.errors import AccountUnusable
from assignments.stackone.resources import Created

SENDER = "sender"
CREATED = Created(id="r-1", remote_id="1")
REFUSED = AccountUnusable("Refused.", status=403)


def hold(rows: Iterable[object], held: threading.Event, ended: list[str]) -> None:
    """Do as every button does: lock what it is about, and then the head of the log."""
    with transaction.atomic():
        list(rows)
        held.set()
        # The sender gets as far as it can meanwhile.
        threading.Event().wait(0.5)
        LogHead.objects.select_for_update().get()
    ended.append("the button")
    connection.close()


@pytest.mark.parametrize(
    ("model", "reply"),
    [
        pytest.param(Batch, CREATED, id="a batch that proves itself"),
        pytest.param(Account, REFUSED, id="an account that is paused"),
    ],
)
def test_a_button_and_an_outcome_never_wait_for_each_other(transactional_db, desk, model, reply):
    batch, now = desk.submit(people=12), desk.clock()
    due = claims.due(account=desk.account, count=3, turn=0, now=now)
    answers = [Ended(one, reply, now) for one in claims.claim(due, sender=SENDER, now=now)]
    held = threading.Event()
    ended: list[str] = []
    button = threading.Thread(target=hold, args=(model.objects.select_for_update(), held, ended))
    button.start()
    held.wait()

    outcomes.settle(account=desk.account, sender=SENDER, answers=answers, now=now)
    button.join()

    assert ended == ["the button"]
    assert "sending" not in desk.states(batch)
