"""Checking what a search finds: each entry by itself, and against the newest seal."""

import json

import pytest

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.seals.sealing import make_seal
from assignments.audit.search.parser import parse
from assignments.audit.verification import search_results
from assignments.models import LogEntry
from tests import log_tampering
from tests.factories import make_user
from tests.log_fixtures import AT, PRIYA, write_log

pytestmark = pytest.mark.django_db
TODAY = AT.date()
SIZE = 12


def check(text=""):
    """Return what a check of what the line finds, found."""
    return search_results.verify_results(parse(text, today=TODAY), by=PRIYA, now=AT)


def seal():
    """Seal the log."""
    return make_seal(reason="request", by=SYSTEM, now=AT)


def newest():
    """Return the newest entry as JSON."""
    return json.loads(bytes(LogEntry.objects.order_by("-seq")[0].body))


def test_untouched_entries_are_held_against_the_newest_seal():
    write_log(SIZE)
    sealed = seal()
    write_log(2)

    found = check("action:created")

    assert (found.entries, found.sealed, found.altered) == (SIZE + 2, SIZE, 0)
    assert (found.seal, found.seal_fault, found.word) == (sealed, "", "not sealed")
    assert check("entry:3..5").word == "intact"


def test_a_check_is_an_entry_that_says_what_was_found():
    write_log(3)

    check("elif")

    entry = newest()
    assert (entry["action"], entry["result"]) == ("log.search_results_verified", "not sealed")
    assert entry["detail"] == {"entries": 1, "altered": 0, "search": "…"}


@pytest.mark.parametrize("seq", [0, 5, SIZE - 1])
@pytest.mark.parametrize(
    "tamper",
    [
        log_tampering.edit_body,
        log_tampering.edit_leaf,
        log_tampering.edit_body_and_leaf,
        log_tampering.edit_column,
        log_tampering.edit_time,
    ],
)
def test_an_altered_entry_is_named_wherever_it_is(tamper, seq):
    write_log(SIZE)
    seal()

    tamper(seq, SIZE)

    found = check("entry:0..11")
    assert [fault.seq for fault in found.faults] == [seq]
    assert (found.altered, found.word, newest()["result"]) == (1, "altered", "altered")
    assert check(f"entry:0..11 -entry:{seq}").word == "intact"


def test_of_many_altered_entries_the_first_are_named():
    write_log(30)
    for seq in range(25):
        log_tampering.edit_body(seq, 30)

    found = check("action:created")

    assert (found.altered, len(found.faults), found.faults[0].seq) == (25, 20, 0)


def test_a_seal_that_is_not_trusted_vouches_for_nothing(settings):
    write_log(3)
    seal()
    settings.AUDIT_SIGNING_KEY = ""
    settings.AUDIT_TRUSTED_KEYS = ["other+6a8bcd23+AVEyOeyhSnSO6MXWoNhHPGvyGnSCpgqDo4Q4UWcUfSCI"]

    found = check("action:created")

    assert found.seal_fault
    assert found.word == "seal not trusted"


def test_the_page_checks_what_the_search_found(client):
    write_log(4)
    seal()
    client.force_login(make_user("auditor"))
    address = client.get("/audit/", {"q": "person:learner/12"}).context["verify_url"]

    page = client.get(address).content.decode()

    assert address == "/audit/verify/search-results?q=person%3Alearner%2F12"
    assert "None of these 2 entries was altered since it was written." in page
    log_tampering.edit_body(3, 4)
    page = client.get(address).content.decode()
    assert "1 of 2 entries was altered." in page
    assert '<a href="/audit/3/">Entry 3</a>' in page


def test_a_search_that_is_not_understood_is_shown_where_searches_are(client):
    client.force_login(make_user("auditor"))

    answer = client.get("/audit/verify/search-results", {"q": "when:2026-13"})

    assert (answer.status_code, answer["Location"]) == (302, "/audit/?q=when%3A2026-13")


def test_nothing_found_is_no_verdict(client):
    client.force_login(make_user("auditor"))

    page = client.get("/audit/verify/search-results", {"q": "batch:999"}).content.decode()

    assert "nothing was checked" in page
    assert newest()["result"] == "no entries"
