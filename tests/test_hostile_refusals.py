"""Whatever an LMS refuses: one row's refusal ends that row, a refused key pauses the account."""

from collections import Counter

import pytest

from assignments.models import LogEntry
from assignments.services.calls import connections
from tests.hostile_lms import BARE_REFUSALS, CREATED, EXPLAINED_REFUSALS, HostileLms
from tests.recorder import serving

pytestmark = [pytest.mark.core, pytest.mark.django_db]
IN_A_ROW = 10
CONCURRENCY = 4
ONE_OF_EACH_STATUS = {answer.status: answer for answer in BARE_REFUSALS}


@pytest.fixture
def hostile(desk, settings):
    """Return a function that runs a hostile LMS; batches do not pause by themselves."""
    settings.CANARY_ROWS = settings.PAUSE_AFTER_FAILURES = 100

    def run(answers):
        server = HostileLms(desk.lms.base_url, answers)
        settings.STACKONE_BASE_URL = server.url
        return serving(server)

    return run


def ends(batch, lms):
    """Return the end of each row as (kind of answer, state, posts), sorted."""
    rows = {(row.learner_remote_id, row.content_reference): row for row in batch.assignments.all()}
    return sorted(
        (str(answer), rows[key].state, lms.posts[key]) for key, answer in lms.answers.items()
    )


def resume(desk):
    """Let an administrator resume the account, which has waited for a while."""
    desk.clock.skip(minutes=5)
    connections.resume_account(account=desk.account, by=desk.by, now=desk.clock())
    desk.account.refresh_from_db()


def test_a_refusal_that_the_lms_explains_is_that_of_its_row(desk, hostile):
    batch = desk.submit(people=len(EXPLAINED_REFUSALS))
    with hostile(EXPLAINED_REFUSALS) as lms:
        desk.deliver()

    assert ends(batch, lms) == sorted((str(kind), "rejected", 1) for kind in EXPLAINED_REFUSALS)
    problems = set(batch.assignments.values_list("problem", flat=True))
    assert problems == {"Not in your department."}
    assert (desk.account.paused_at, desk.lms.stats()["assignments"]) == (None, 0)


def test_a_bare_refusal_among_created_rows_is_that_of_its_row(desk, hostile):
    kinds = [kind for refusal in BARE_REFUSALS for kind in (CREATED, refusal)]
    batch = desk.submit(people=len(kinds))
    with hostile(kinds) as lms:
        desk.deliver()

    assert ends(batch, lms) == sorted((str(kind), kind.ends, 1) for kind in kinds)
    stats = desk.lms.stats()
    assert (stats["assignments"], stats["duplicates"]) == (len(BARE_REFUSALS), 0)
    assert (desk.account.paused_at, desk.account.pause_reason) == (None, "")


@pytest.mark.parametrize("kind", ONE_OF_EACH_STATUS.values(), ids=str)
def test_a_refused_account_is_paused_and_costs_no_row(desk, hostile, kind):
    batch = desk.submit(people=3)
    with hostile([kind]) as lms:
        desk.deliver()

    assert ends(batch, lms) == [(str(kind), "queued", 1)] * len(lms.answers)
    assert set(desk.states(batch)) <= {"queued", "planned"}
    names = batch.assignments.values_list("learner__name", flat=True)
    assert any(f"for {name} ({kind.status}): " in desk.account.pause_reason for name in names)
    entry = LogEntry.objects.get(action="account.paused")
    assert not any(name in bytes(entry.body).decode() for name in names)
    assert desk.lms.stats()["assignments"] == 0


@pytest.mark.parametrize("kind", ONE_OF_EACH_STATUS.values(), ids=str)
def test_a_row_that_alone_is_refused_ends_after_two_requests(desk, hostile, kind):
    batch = desk.submit(people=1)
    with hostile([kind] + [CREATED] * 9) as lms:
        desk.deliver()
        assert (desk.states(batch), bool(desk.account.paused_at)) == (["queued"], True)
        resume(desk)
        desk.deliver()
        assert ends(batch, lms) == [(str(kind), "rejected", 2)]
        other = desk.submit(people=2)
        desk.deliver()

    # The same person again, who is refused, and another.
    assert (desk.account.paused_at, sorted(desk.states(other))) == (None, ["created", "rejected"])


def test_a_key_that_is_revoked_during_a_batch_costs_few_rows(desk, hostile, settings):
    settings.STACKONE_REQUESTS_PER_MINUTE = 1_000
    batch = desk.submit(people=20, items=2)
    with hostile([CREATED] * 5 + [BARE_REFUSALS[0]] * 40) as lms:
        desk.deliver()

    states = Counter(desk.states(batch))
    assert (states["created"], desk.lms.stats()["assignments"]) == (5, 5)
    assert states["rejected"] < IN_A_ROW + CONCURRENCY
    assert set(states) <= {"created", "rejected", "queued", "planned"}
    assert sum(lms.posts.values()) < 5 + 2 * IN_A_ROW
    assert set(lms.posts.values()) == {1}
    assert "calls in a row" in desk.account.pause_reason


def test_each_resume_with_a_refused_key_costs_one_row_at_most(desk, hostile):
    batch = desk.submit(people=20)
    with hostile([BARE_REFUSALS[0]]) as lms:
        desk.deliver()
        sent_at_first = sum(lms.posts.values())
        for times in (1, 2, 3):
            resume(desk)
            desk.deliver()
            assert Counter(desk.states(batch))["rejected"] <= times
            assert desk.account.paused_at is not None

    assert sum(lms.posts.values()) <= sent_at_first + 2 * 3
    assert max(lms.posts.values()) <= 2
