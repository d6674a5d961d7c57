"""The status of the log follows from its entries: rows of tables cannot switch an alarm off."""

from datetime import date, timedelta

import pytest
from django.db import connection

from assignments.audit.entries.actors import SYSTEM
from assignments.audit.verification import log_status
from assignments.audit.verification.jobs import begin_nightly_verification, run_verification
from assignments.audit.verification.whole_log import verify_log
from assignments.models import LogEntry, Verification
from assignments.services.operations import doctor
from tests import log_tampering, sealed_log
from tests.log_fixtures import AT, PRIYA

DAY = timedelta(days=1)
LATER = AT + 400 * DAY


@pytest.fixture
def altered_log(db):
    """Write a sealed log that was altered, and found to be by a verification."""
    sealed_log.write_sealed_log(4, 2)
    log_tampering.edit_body(2, 7)
    verify_log(by=PRIYA, now=AT)


ROWS = {
    "intact, later": {"at": AT + DAY, "verdict": "intact"},
    "intact, in years": {"at": LATER, "verdict": "intact"},
    "intact, every night": {"at": AT + DAY, "verdict": "intact", "night": date(2026, 11, 24)},
    "not sealed": {"at": AT + timedelta(minutes=1), "verdict": "not sealed"},
}


@pytest.mark.parametrize("name", [*ROWS, "all deleted", "all intact"])
def test_rows_of_verifications_hide_no_alarm(altered_log, name):
    match name:
        case "all deleted":
            Verification.objects.all().delete()
        case "all intact":
            Verification.objects.update(verdict="intact", detail="Intact up to seal 1.")
        case _:
            Verification.objects.create(by="system", detail="Intact.", **ROWS[name])

    now = AT + DAY
    broken = log_status.broken_verification(now=now)
    assert broken is not None
    assert broken.detail.startswith("Altered at entry 2")
    assert log_status.measure_log(now=now).is_intact is False
    finding = doctor._log_check(now)
    assert (finding.is_ok, "Altered at entry 2" in finding.sentence) == (False, True)


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "intact"},
        {"verdict": "intact", "at": LATER},
        {"at": LATER},
        {"at": AT - DAY},
    ],
)
def test_rows_of_verifications_stop_no_nightly_verification(db, values):
    sealed_log.write_sealed_log(4, 2)
    for nights in range(-3, 400):
        row = {"at": AT, "by": "system", "night": AT.date() + nights * DAY}
        Verification.objects.create(**row | values)

    run = begin_nightly_verification(by=SYSTEM, now=AT)

    assert run is not None
    run_verification(run, by=SYSTEM, clock=lambda: AT)
    assert begin_nightly_verification(by=SYSTEM, now=AT) is None
    assert begin_nightly_verification(by=SYSTEM, now=AT + DAY) is not None


@pytest.mark.parametrize("column", ["result", "at", "mac", "mac_key", "body", "leaf"])
def test_an_altered_entry_of_a_verification_is_an_alarm(altered_log, column):
    value = {"result": "'intact'", "at": "'2020-01-01 00:00:00+00:00'"}.get(column, "'x'")
    if connection.vendor == "postgresql" and column in {"mac", "body", "leaf"}:
        value = "'x'::bytea"
    seq = LogEntry.objects.filter(action="log.verified").latest("seq").seq
    log_tampering.run(f"UPDATE {{table}} SET {column} = {value} WHERE seq = {seq}")

    if column == "mac_key":
        # It may be that of an older key; the verification of the whole log tells.
        assert log_status.last_verification(now=AT) is None
    else:
        assert log_status.broken_verification(now=AT) is not None


def test_a_verification_in_the_future_counts_for_nothing(db):
    sealed_log.write_sealed_log(4, 2)
    verify_log(by=PRIYA, now=LATER)

    now = AT + 2 * DAY
    assert log_status.last_verification(now=now) is None
    assert log_status.measure_log(now=now).is_check_overdue
    assert not doctor._log_check(now).is_ok


def test_a_nightly_verification_that_is_left_out_is_an_alarm(db):
    sealed_log.write_sealed_log(4, 2)
    assert not log_status.measure_log(now=AT + DAY).is_check_overdue
    assert log_status.measure_log(now=AT + 2 * DAY).is_check_overdue

    verify_log(by=PRIYA, now=AT + 2 * DAY)

    assert not log_status.measure_log(now=AT + 3 * DAY).is_check_overdue
    assert log_status.measure_log(now=AT + 4 * DAY).is_check_overdue
    assert log_status.verification_status(now=AT + 4 * DAY)["is_check_overdue"]


def test_a_verification_of_the_entries_since_a_seal_does_not_count(altered_log):
    verify_log(by=PRIYA, now=AT + DAY, since_seal=True)

    assert log_status.broken_verification(now=AT + DAY) is not None
