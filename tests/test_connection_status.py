"""Connection status in the layout of every page, with a notice if there is a problem."""

import re
from datetime import timedelta

import pytest

from assignments.models import Account
from assignments.queries.connection_status import ConnectionStatus, connection_status
from tests.factories import AT, make_account, make_user

pytestmark = pytest.mark.django_db
OUTAGE = (
    "Cornerstone does not respond. You can prepare drafts. Running batches wait and resume "
    "automatically; nothing is lost or sent twice."
)


@pytest.mark.parametrize(
    ("fields", "stands"),
    [
        pytest.param(
            {"synced_at": None}, ConnectionStatus("Fetching people", "warn"), id="first sync"
        ),
        pytest.param({}, ConnectionStatus("Synced just now · Cornerstone"), id="fresh"),
        pytest.param(
            {"synced_at": AT - timedelta(hours=3)},
            ConnectionStatus("Synced 3\N{NO-BREAK SPACE}hours ago · Cornerstone"),
            id="some time ago",
        ),
        pytest.param(
            {"paused_at": AT, "pause_reason": "StackOne refused the key."},
            ConnectionStatus(
                "Paused · Cornerstone",
                "bad",
                "Sending to Cornerstone is paused. StackOne refused the key.",
            ),
            id="paused",
        ),
        pytest.param(
            {"failing_since": AT},
            ConnectionStatus("Not responding · Cornerstone", "bad", OUTAGE),
            id="an outage",
        ),
        pytest.param(
            {"sync_failing_since": AT},
            ConnectionStatus(
                "Sync fails · Cornerstone",
                "warn",
                "People and content of Cornerstone have not been read completely since Monday "
                "23 November 2026, 10:00 (Europe/London). They are shown as they were read before. "
                "Settings say why, and when it is tried again.",
            ),
            id="syncs that fail",
        ),
    ],
)
def test_connection_status_by_account(fields, stands):
    account = make_account(**fields)

    assert connection_status([account], now=AT) == stands


def several(*fields):
    """Return an account for each of the fields, named A, B and so on, synced at AT."""
    return [
        Account(pk=number, name=name, **{"synced_at": AT, **changed})
        for number, (name, changed) in enumerate(zip("ABC", fields, strict=False))
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (({}, {}), "Synced just now · 2 accounts"),
        (
            ({}, {"synced_at": AT - timedelta(hours=3)}, {}),
            "Synced 3\N{NO-BREAK SPACE}hours ago · 3 accounts",
        ),
        (({}, {"synced_at": None}), "Fetching people"),
        (({}, {"paused_at": AT, "pause_reason": "No key."}), "Paused · B"),
        (({"synced_at": None}, {"failing_since": AT}), "Not responding · B"),
    ],
)
def test_connection_status_of_several_accounts(fields, words):
    assert connection_status(several(*fields), now=AT).words == words


def test_the_notice_names_every_account_with_a_problem():
    accounts = several({"paused_at": AT, "pause_reason": "No key."}, {}, {"failing_since": AT})

    notice = connection_status(accounts, now=AT).notice

    assert notice.startswith("Sending to A is paused. No key. C does not respond.")


def test_connection_before_anything_is_configured():
    assert connection_status([], now=AT) == ConnectionStatus("Not connected yet", "warn")


def test_every_page_shows_the_notice(client):
    make_account(failing_since=AT)
    client.force_login(make_user("auditor"))

    page = client.get("/people/").content.decode()

    assert OUTAGE in " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert 'class="dot bad"' in page
