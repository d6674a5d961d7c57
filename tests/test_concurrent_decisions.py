"""Two decisions about a batch at the same time: one is refused."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from assignments.models import Account, Batch, LogEntry
from assignments.services.batches.control import ControlRefused
from assignments.services.submitting import approval
from tests.approval_fixtures import LATER, decide, make_second, make_waiting
from tests.concurrency import run_concurrently
from tests.conftest import NOON
from tests.factories import make_account, make_actor, make_user

pytestmark = pytest.mark.django_db


def both(first, second):
    """Do two things at the same time, each over a connection of its own; return how each ended."""
    ended, together = [], threading.Barrier(2)

    def run(act):
        together.wait()
        try:
            act()
        except ControlRefused as refusal:
            ended.append(str(refusal))
        else:
            ended.append("done")

    run_concurrently(partial(run, first), partial(run, second))
    return sorted(ended)


@pytest.mark.parametrize("other", ["approve", "reject", "withdraw", "expire"])
def test_of_two_concurrent_decisions_one_is_refused(transactional_db, other):
    batch, daniel, eva = make_waiting(), make_second(), make_user(name="Eva", email="eva@x.example")
    Account.objects.exclude(pk=make_account().pk).delete()
    acts = {
        "approve": lambda: decide(Batch.objects.get(pk=batch.pk), eva),
        "reject": lambda: approval.reject(
            batch=batch, by=make_actor(eva), now=LATER, why="Wrong course"
        ),
        "withdraw": lambda: approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER),
        "expire": lambda: approval.expire_due(now=NOON + timedelta(hours=72)),
    }

    ended = both(lambda: decide(Batch.objects.get(pk=batch.pk), daniel), acts[other])

    decisions = LogEntry.objects.filter(
        action__in=["batch.approved", "batch.rejected", "batch.withdrawn", "batch.expired"]
    )
    assert decisions.count() == 1
    if other == "expire":
        assert ended in (["done", "done"], [approval.NOT_WAITING, "done"])
    else:
        assert ended == [approval.NOT_WAITING, "done"]


def test_a_second_tab_that_approves_at_the_same_time_is_refused(transactional_db):
    batch, daniel = make_waiting(), make_second()
    locked, ended = threading.Event(), []

    def second_tab():
        locked.wait()
        try:
            approval.withdraw(batch=batch, by=make_actor(batch.by), now=LATER)
        except ControlRefused as refusal:
            ended.append(str(refusal))
        connection.close()

    tab = threading.Thread(target=second_tab)
    tab.start()
    with transaction.atomic():
        approval.approve(
            batch=batch, plan_digest=batch.plan_digest, by=make_actor(daniel), now=LATER
        )
        locked.set()
        # The other tab gets as far as the lock meanwhile.
        tab.join(0.3)
        assert ended == []
    tab.join()

    batch.refresh_from_db()
    assert (ended, batch.state) == ([approval.NOT_WAITING], "waiting")
