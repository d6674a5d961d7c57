"""The pipeline of rows: locks in one order, and as many statements for one row as for many."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assignments.services.calls.call_process import EndedCall
from assignments.services.sending import claims, outcomes, reconciliation
from assignments.stackone.commands import UserAssignments
from assignments.stackone.errors import AccountUnusable, OutcomeUnknown
from assignments.stackone.resources import CreatedAssignment

pytestmark = [pytest.mark.core, pytest.mark.django_db]
SENDER = "sender"
TABLES = ("account", "batch", "assignment", "loghead")
REFUSED = AccountUnusable("Refused.", status=403)


def claim(desk, count):
    """Claim so many rows."""
    due_rows = claims.due(account=desk.account, count=count, turn=0, now=desk.clock())
    return claims.claim(due_rows, sender=SENDER, now=desk.clock())


def end(desk, claimed, reply):
    """Let the calls of claimed rows end with the reply."""
    ended = [EndedCall(claim, reply, desk.clock()) for claim in claimed]
    outcomes.settle(account=desk.account, sender=SENDER, calls=ended, now=desk.clock())


def read_back(desk, reply):
    """Read back every row that is due, with the reply."""
    desk.clock.skip(seconds=15)
    now = desk.clock()
    jobs = reconciliation.due(account=desk.account, count=9, in_flight=(), now=now)
    ended = [EndedCall(job, reply, now) for job in jobs]
    reconciliation.settle(account=desk.account, read_backs=ended, now=now)


def statements(act):
    """Return the statements that an act makes."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured]


def first_reads(act):
    """Return the tables that are locked, in the order in which the act's transaction reads them."""
    sql = [text.split(" WHERE ")[0].replace('"', "") for text in statements(act)]
    begins = next(n for n, text in enumerate(sql) if text.startswith("SAVEPOINT"))
    reads = [
        text.split(" FROM ")[-1].split()[0] for text in sql[begins:] if text.startswith("SELECT")
    ]
    tables = [name.removeprefix("assignments_") for name in reads]
    return [name for name in dict.fromkeys(tables) if name in TABLES]


@pytest.fixture
def batch(desk, settings):
    """Return a batch that runs without a canary, and of which one row was sent."""
    settings.CANARY_ROWS = 0
    batch = desk.submit(people=12)
    end(desk, claim(desk, 1), CreatedAssignment(id="first", remote_id=None))
    return batch


def counts(desk, count):
    """Return how many statements it takes to claim rows, write their outcomes and read back."""
    claimed: list[claims.Claim] = []
    lengths = [len(statements(lambda: claimed.extend(claim(desk, count))))]
    lengths.append(len(statements(lambda: end(desk, claimed, OutcomeUnknown("Reset.")))))
    lengths.append(len(statements(lambda: read_back(desk, UserAssignments((), 1)))))
    desk.clock.skip(hours=1)
    read_back(desk, UserAssignments((), 1))
    return lengths


def test_one_row_and_three_rows_take_as_many_statements(desk, batch):
    assert counts(desk, 1) == counts(desk, 3)


def test_claims_outcomes_and_read_backs_lock_in_one_order(desk, batch):
    claimed: list[claims.Claim] = []
    # Within a minute of a created row, a refusal would be that of its row alone.
    desk.clock.skip(minutes=2)

    assert first_reads(lambda: claimed.extend(claim(desk, 3))) == ["batch", "assignment", "loghead"]
    assert first_reads(lambda: end(desk, claimed[:1], REFUSED)) == list(TABLES)
    end(desk, claimed[1:], OutcomeUnknown("Reset."))
    assert first_reads(lambda: read_back(desk, REFUSED)) == list(TABLES)
