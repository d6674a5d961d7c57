"""Verification of search results: each entry's hash, and inclusion under the newest seal."""

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

pytestmark = [pytest.mark.core, pytest.mark.django_db]
TODAY = AT.date()
SIZE = 12


def check(text=""):
    """Verify the entries that match a query."""
    return search_results.verify_results(parse(text, today=TODAY), by=PRIYA, now=AT)


def seal():
    """Seal the log."""
    return make_seal(reason="request", by=SYSTEM, now=AT)


def newest():
    """Return the newest entry as JSON."""
    return json.loads(bytes(LogEntry.objects.order_by("-seq")[0].body))


def test_unaltered_entries_are_checked_against_the_newest_seal():
    write_log(SIZE)
    sealed = seal()
    write_log(2)

    verdict = check("action:created")

    assert (verdict.entries, verdict.sealed, verdict.altered) == (SIZE + 2, SIZE, 0)
    assert (verdict.seal, verdict.seal_fault, verdict.word) == (sealed, "", "not sealed")
    assert check("entry:3..5").word == "intact"


def test_a_check_is_recorded_with_its_verdict():
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

    verdict = check("entry:0..11")
    assert [fault.seq for fault in verdict.faults] == [seq]
    assert (verdict.altered, verdict.word, newest()["result"]) == (1, "altered", "altered")
    assert check(f"entry:0..11 -entry:{seq}").word == "intact"


def test_the_first_of_many_altered_entries_are_named():
    write_log(30)
    for seq in range(25):
        log_tampering.edit_body(seq, 30)

    verdict = check("action:created")

    assert (verdict.altered, len(verdict.faults), verdict.faults[0].seq) == (25, 20, 0)


def test_an_untrusted_seal_is_reported(settings):
    write_log(3)
    seal()
    settings.AUDIT_SIGNING_KEY = ""
    settings.AUDIT_TRUSTED_KEYS = ["other+6a8bcd23+AVEyOeyhSnSO6MXWoNhHPGvyGnSCpgqDo4Q4UWcUfSCI"]

    verdict = check("action:created")

    assert verdict.seal_fault
    assert verdict.word == "seal not trusted"


def test_the_page_checks_the_search_results(client):
    write_log(4)
    seal()
    client.force_login(make_user("auditor"))
    address = client.get("/audit/", {"q": "person:learner/12"}).context["verify_url"]

    page = client.get(address).content.decode()

    outcomes = "person%3Alearner%2F12+show%3Aoutcomes"
    assert address == f"/audit/verify/search-results?q={outcomes}"
    assert "None of these 2 entries was altered since it was written." in page
    log_tampering.edit_body(3, 4)
    page = " ".join(client.get(address).content.decode().split())
    assert "1 of 2 entries was altered." in page
    assert '<a href="/audit/3/">Entry 3</a>' in page


def test_an_invalid_query_redirects_to_the_search_page(client):
    client.force_login(make_user("auditor"))

    response = client.get("/audit/verify/search-results", {"q": "when:2026-13"})

    assert (response.status_code, response["Location"]) == (302, "/audit/?q=when%3A2026-13")


def test_a_search_without_results_has_no_verdict(client):
    client.force_login(make_user("auditor"))

    page = client.get("/audit/verify/search-results", {"q": "batch:999"}).content.decode()

    assert "nothing was checked" in page
    assert newest()["result"] == "no entries"
