"""Whatever an LMS answers to a create: one request, a true end, and nothing assigned twice."""

import pytest

from tests.hostile_lms import ANSWERS, HostileLms
from tests.recorder import serving

pytestmark = [pytest.mark.core, pytest.mark.django_db]
SETTLE_SECONDS = 4
ITEMS = 3
PEOPLE = -(-len(ANSWERS) // ITEMS)
# Between the times at which a confirmed row is looked for again.
HOURS_BETWEEN = (1, 5, 18)
LATE = [answer for answer in ANSWERS if answer.effect == "late"]


@pytest.fixture
def hostile(desk, settings):
    """Return a function that runs a hostile LMS with some kinds of answers."""
    settings.SETTLE_SECONDS = SETTLE_SECONDS

    def run(answers):
        server = HostileLms(desk.lms.base_url, answers)
        settings.STACKONE_BASE_URL = server.url
        return serving(server)

    return run


def deliver_until_settled(desk):
    """Deliver until the settle window has passed."""
    for _ in range(4):
        desk.deliver()
        desk.clock.skip(seconds=SETTLE_SECONDS / 2)


def ends(batch, lms):
    """Return for each kind of answer how its row ended and how often it was posted."""
    rows = {(row.learner_remote_id, row.content_reference): row for row in batch.assignments.all()}
    return {
        str(answer): (rows[key].state, bool(rows[key].remote_id), lms.posts[key])
        for key, answer in lms.answers.items()
    }


def test_a_success_is_never_sent_again(desk, hostile):
    batch = desk.submit(people=PEOPLE, items=ITEMS)
    with hostile(ANSWERS) as lms:
        deliver_until_settled(desk)
        deliver_until_settled(desk)

    stats = desk.lms.stats()
    assert ends(batch, lms) == {
        str(answer): (answer.ends, answer.ends == "created", 1) for answer in ANSWERS
    }
    shown = [answer for answer in lms.answers.values() if answer.effect == "now"]
    assert (stats["assignments"], stats["duplicates"]) == (len(shown), 0)
    batch.refresh_from_db()
    assert batch.state == "done"


@pytest.mark.parametrize("times", [1, 3])
def test_a_confirmed_row_is_found_later(desk, hostile, times):
    batch = desk.submit(people=len(LATE))
    with hostile(LATE) as lms:
        deliver_until_settled(desk)
        *earlier, last = HOURS_BETWEEN[:times]
        for hours in earlier:
            desk.clock.skip(hours=hours)
            desk.deliver()
        assert set(desk.states(batch)) == {"confirmed"}
        lms.show_late_records()
        desk.clock.skip(hours=last)
        desk.deliver()

    assert ends(batch, lms) == {str(answer): ("created", True, 1) for answer in LATE}
    stats = desk.lms.stats()
    assert (stats["assignments"], stats["duplicates"]) == (len(LATE), 0)
    rows = batch.assignments.all()
    assert {row.remote_id for row in rows} == {
        held[2] for held in desk.lms.stats(held=True)["held"]
    }


def test_a_confirmed_row_that_never_shows_is_left_to_a_person(desk, hostile):
    never = [answer for answer in ANSWERS if answer.ends == "confirmed" and answer not in LATE]
    batch = desk.submit(people=len(never))
    with hostile(never) as lms:
        deliver_until_settled(desk)
        for hours in HOURS_BETWEEN:
            desk.clock.skip(hours=hours)
            desk.deliver()

    assert ends(batch, lms) == {str(answer): ("confirmed", False, 1) for answer in never}
    assert not batch.assignments.exclude(read_back_at=None).exists()
