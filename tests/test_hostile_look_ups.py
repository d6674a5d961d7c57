"""Whatever an LMS lists when a row is looked up: nothing sent twice, nothing untrue, an end."""

import pytest

from assignments.models import Learner
from tests.hostile_look_ups import KINDS, HostileLookUps
from tests.recorder import serving

pytestmark = [pytest.mark.core, pytest.mark.django_db]
SETTLE_SECONDS = 4


def deliver_for_more_than_a_day(desk):
    """Deliver until no row is looked up any more."""
    for seconds in (0, 2, 4, 60, 2, 4, 25 * 3_600):
        desk.clock.skip(seconds=seconds)
        desk.deliver()


def test_a_row_that_is_looked_up_ends_truly(desk, settings):
    settings.SETTLE_SECONDS = SETTLE_SECONDS
    settings.CANARY_ROWS = settings.PAUSE_AFTER_FAILURES = 1_000
    batch = desk.submit(people=len(KINDS))
    other = Learner.objects.filter(assignments=None)[0]
    with serving(HostileLookUps(desk.lms.base_url, other.remote_id)) as lms:
        settings.STACKONE_BASE_URL = lms.url
        deliver_for_more_than_a_day(desk)

    rows = {row.learner_remote_id: row for row in batch.assignments.all()}
    ends = {
        str(kind): (rows[user].state, lms.posts[user], bool(rows[user].remote_id))
        for user, kind in lms.kinds.items()
    }
    assert ends == {str(kind): (*kind.ends, kind.ends[0] == "created") for kind in KINDS}
    assert not batch.assignments.exclude(read_back_at=None).exists()
    held = {(record[0], record[2]) for record in desk.lms.stats(held=True)["held"]}
    assert {
        (row.learner_remote_id, row.remote_id) for row in rows.values() if row.remote_id
    } <= held
    batch.refresh_from_db()
    assert batch.state == "done"
