"""A clock that is set forward and back again leaves no row waiting for the time that it showed."""

from datetime import timedelta

import pytest

from assignments.models import Batch
from assignments.queries import work_due
from assignments.services.sending import clock_changes

pytestmark = [pytest.mark.core, pytest.mark.django_db]
HOUR = timedelta(hours=1)


def deliver_an_hour_ahead(desk):
    """Deliver while the clock is an hour ahead; then it is right again."""
    desk.clock.skip(hours=1)
    desk.deliver()
    desk.clock.skip(hours=-1)


@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        pytest.param("429", 2, id="to be sent later"),
        pytest.param("reset-after", 1, id="to be read back"),
        pytest.param("reset-before", 2, id="to be read back and sent again"),
    ],
)
def test_a_row_does_not_wait_for_a_time_of_the_clock_that_was_set_back(
    desk, settings, fault, posts
):
    settings.SETTLE_SECONDS = 5
    batch = desk.submit(people=1)
    desk.lms.set_faults(script=[fault])
    deliver_an_hour_ahead(desk)
    assert not work_due.has_work(desk.account, now=desk.clock())

    assert work_due.accounts_with_work(now=desk.clock()) == [desk.account]
    for _ in range(4):
        desk.deliver()
        desk.clock.skip(seconds=3)
    desk.deliver()

    stats = desk.lms.stats()
    row = batch.assignments.get()
    assert (row.state, row.attempt, stats["duplicates"]) == ("created", posts, 0)
    assert work_due.accounts_with_work(now=desk.clock()) == []


def test_what_is_counted_from_a_time_follows_the_clock(desk):
    batch = desk.submit(people=1)
    clock_changes.note(desk.account, now=desk.clock() + HOUR)
    now = desk.clock()
    Batch.objects.update(failures_counted_from=now + HOUR)

    clock_changes.note(desk.account, now=now)

    batch.refresh_from_db()
    assert abs(batch.failures_counted_from - now) < timedelta(seconds=5)
    assert batch.started_at < now


def test_a_small_difference_between_clocks_moves_nothing(desk):
    batch = desk.submit(people=1)
    now = desk.clock()
    batch.assignments.update(state="queued", send_at=now + HOUR)
    clock_changes.note(desk.account, now=now + work_due.CLOCK_TOLERANCE)

    clock_changes.note(desk.account, now=now)

    assert batch.assignments.get().send_at == now + HOUR
