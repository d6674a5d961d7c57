"""Seals: when they are made or refused, second copies, keys, and the restricted database role."""

import logging
import stat
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from assignments import tasks
from assignments.audit.entries.actors import SYSTEM
from assignments.audit.integrity import grants
from assignments.audit.integrity.entry_rules import ClockCheck, Row
from assignments.audit.integrity.pruned_prefix import NOTHING, pruned
from assignments.audit.integrity.verdicts import (
    BadSeal,
    Intact,
    SealMismatch,
    ShorterThanSeal,
    Unsealed,
)
from assignments.audit.log import record
from assignments.audit.merkle import tiles
from assignments.audit.merkle.proofs import frontier_at
from assignments.audit.merkle.tree import node_hash
from assignments.audit.seals import second_copy
from assignments.audit.seals.sealing import NotSealed, is_due, make_seal, oldest_covering
from assignments.audit.signing import keys
from assignments.audit.signing.signed_note import SigningKey, open_note
from assignments.audit.verification import log_status
from assignments.audit.verification.jobs import begin_nightly_verification
from assignments.audit.verification.one_entry import State, check_entry
from assignments.audit.verification.whole_log import verdict_on_log, verify_log
from assignments.models import LogEntry, LogHead, LogSeal, LogTile, Verification
from assignments.services.operations import doctor
from tests import log_tampering, sealed_log
from tests.concurrency import run_concurrently
from tests.log_fixtures import AT, PRIYA, created, write_log

pytestmark = pytest.mark.core


def test_a_seal_signs_size_and_root_and_is_recorded(db: None, settings, tmp_path: Path) -> None:
    settings.AUDIT_SEAL_DIR = tmp_path
    write_log(5)
    root = frontier_at(5, _tiles()).root()

    seal = sealed_log.seal()

    opened = open_note(seal.note, keys.trusted_keys())
    assert opened.text.split("\n")[:2] == ["PeterNeumann", "5"]
    assert (tmp_path / "seal-0000000001.txt").read_text() == seal.note
    entry = log_tampering.body(5)
    assert (entry["action"], entry["subject"], entry["result"]) == (
        "log.sealed",
        "seal/1",
        "request",
    )
    assert entry["detail"] == {"seal": 1, "entries": 5, "root": root.hex(), "key": seal.key}


def _tiles() -> tiles.Tiles:
    tiles.extend(LogHead.objects.get().size)
    return tiles.Tiles()


def test_an_unchanged_log_is_not_sealed_again_but_copied(
    db: None, settings, tmp_path: Path
) -> None:
    head = LogHead.objects.get()
    first = sealed_log.seal()
    LogHead.objects.update(size=head.size, frontier=head.frontier)
    settings.AUDIT_SEAL_DIR = tmp_path

    assert sealed_log.seal() == first
    assert LogSeal.objects.count() == 1
    assert dict(second_copy.read_copies()) == {1: first.note}


def test_tiles_match_the_tree_beyond_a_full_tile(db: None) -> None:
    write_log(200)
    sealed_log.seal()
    write_log(400)
    sealed_log.seal()

    head = LogHead.objects.get()
    assert [row.number for row in LogTile.objects.order_by("level", "number")] == [0, 1, 2, 0]
    assert frontier_at(601, tiles.Tiles()).size == 601
    assert isinstance(verdict_on_log(), Intact)
    before = list(LogTile.objects.order_by("level", "number").values_list("hashes", flat=True))
    LogTile.objects.all().delete()
    tiles.extend(601)
    after = list(LogTile.objects.order_by("level", "number").values_list("hashes", flat=True))
    assert [bytes(row) for row in before] == [bytes(row) for row in after]
    assert head.size == 602


def test_tiles_contain_nothing_beyond_the_log(db: None) -> None:
    write_log(600)
    tree = _tiles()

    assert tiles.leaf_count() == 600
    assert len(tree(8, 1)) == 32
    for level, number in ((0, 600), (3, 75), (8, 2), (9, 1), (10, 0)):
        with pytest.raises(tiles.MissingHashes):
            tree(level, number)
    assert [len(row) for row in tiles.leaf_hashes(250, 600)] == [6, 256, 88]
    with pytest.raises(tiles.MissingHashes, match="entries 512 to 600"):
        list(tiles.leaf_hashes(250, 601))


def test_only_a_full_tile_has_one_root() -> None:
    assert tiles.tile_root(bytes(64)) == node_hash(bytes(32), bytes(32))
    with pytest.raises(ValueError, match="3 hashes are not a power of two"):
        tiles.tile_root(bytes(96))


def test_a_damaged_tile_of_a_higher_level_is_detected(db: None) -> None:
    write_log(600)
    sealed_log.seal()
    row = LogTile.objects.get(level=1)
    LogTile.objects.filter(pk=row.pk).update(hashes=bytes(32) + bytes(row.hashes)[32:])

    assert verdict_on_log().word == "altered"


def lose_head(_seq: int, _size: int) -> None:
    """Delete the head."""
    LogHead.objects.all().delete()


@pytest.mark.parametrize(
    ("tamper", "seq", "message"),
    [
        pytest.param(log_tampering.edit_leaf, 7, "do not match the log's head", id="edited hash"),
        pytest.param(log_tampering.delete, 7, "The log has a gap", id="missing entry"),
        pytest.param(lose_head, 7, "head is missing or damaged", id="lost head"),
        pytest.param(sealed_log.rewrite_log, 3, "does not continue seal 1", id="rewritten"),
        pytest.param(sealed_log.truncate_with_head, 3, "shorter than seal 1", id="truncated"),
    ],
)
def test_an_altered_log_is_not_sealed(db: None, tamper, seq: int, message: str) -> None:
    sealed_log.write_sealed_log(4, 6)
    tamper(seq, 11)

    with pytest.raises(NotSealed, match=message):
        sealed_log.seal()

    assert LogSeal.objects.count() == 1


def test_an_unreadable_seal_does_not_stop_sealing(db: None) -> None:
    sealed_log.write_sealed_log(4, 6)
    sealed_log.replace_note("no note", 1)

    assert sealed_log.seal().number == 2
    assert isinstance(verdict_on_log(), BadSeal)


def test_concurrent_sealing_makes_one_seal_of_each_size(transactional_db: None) -> None:
    write_log(40)

    run_concurrently(*[sealed_log.seal] * 4)

    sizes = list(LogSeal.objects.order_by("number").values_list("size", flat=True))
    assert (sizes[0], sizes) == (40, sorted(set(sizes)))
    assert isinstance(verdict_on_log(), Intact)


def test_the_oldest_of_the_seals_over_an_entry_counts(db: None) -> None:
    sealed_log.write_sealed_log(3, 3, 3)

    # Each seal's own entry follows it.
    numbers = [seal and seal.number for seal in map(oldest_covering, (2, 3, 6, 7))]
    assert numbers == [1, 2, 2, None]


def test_without_readable_keys_no_seal_can_be_checked(db: None, settings) -> None:
    sealed_log.write_sealed_log(3, 1)
    settings.AUDIT_TRUSTED_KEYS = ["no key"]

    assert verdict_on_log().sentence.startswith(
        "Seal 1 cannot be checked: AUDIT_TRUSTED_KEYS holds something that is not a public key."
    )
    assert pruned() == NOTHING


def test_sealing_without_a_key_says_what_to_do(db: None, settings) -> None:
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", None
    write_log(2)

    with pytest.raises(NotSealed, match=r"AUDIT_SIGNING_KEY is not set.*manage\.py audit key"):
        sealed_log.seal()


def test_an_invalid_key_is_reported_without_showing_it(db: None, settings) -> None:
    settings.AUDIT_SIGNING_KEY = "PRIVATE+KEY+desk+00000000+c2VjcmV0"

    with pytest.raises(NotSealed, match="AUDIT_SIGNING_KEY is not a signing key") as refusal:
        sealed_log.seal()

    assert "c2VjcmV0" not in str(refusal.value)


def test_a_single_machine_generates_a_key_that_only_its_user_can_read(
    db: None, settings, tmp_path: Path
) -> None:
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", tmp_path / "signing.key"
    write_log(2)

    sealed_log.seal()

    assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600
    assert isinstance(verdict_on_log(), Intact)
    assert "generated by Assignment Desk" in _finding("signing key").sentence


def _finding(name: str) -> doctor.Finding:
    finding = {"signing key": doctor._signing_key, "seals": doctor._seal_folder}[name]()
    assert finding.name == name
    return finding


def test_the_doctor_reports_key_and_second_copies(settings, tmp_path: Path) -> None:
    settings.IS_SANDBOX = False
    assert _finding("signing key").sentence == "PeterNeumann+c74f20a3 seals the log"
    assert _finding("seals") == doctor.Finding(
        "seals",
        False,
        "Seals are only in the database, so an older copy of it that somebody restores would be "
        "found intact. Set AUDIT_SEAL_DIR to a folder elsewhere.",
    )
    settings.AUDIT_SEAL_DIR = tmp_path
    assert _finding("seals").is_ok
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    settings.AUDIT_SEAL_DIR = tmp_path / "file" / "seals"
    assert not _finding("seals").is_ok
    settings.AUDIT_SIGNING_KEY, settings.AUDIT_OWN_KEY_FILE = "", tmp_path / "signing.key"
    assert not _finding("signing key").is_ok


def test_seals_of_an_old_key_need_it_to_be_trusted(db: None, settings) -> None:
    old, new = keys.signing_key(), SigningKey.generate("PeterNeumann")
    sealed_log.write_sealed_log(3, 3)
    settings.AUDIT_SIGNING_KEY = new.to_text()
    write_log(1)
    sealed_log.seal()

    assert verdict_on_log().sentence.startswith(
        "Seal 1 is signed with an unknown key. No trusted key signed it, but PeterNeumann did."
    )
    settings.AUDIT_TRUSTED_KEYS = [str(old.public)]
    assert isinstance(verdict_on_log(), Intact)


def test_sealing_works_and_logs_an_error_if_the_copy_cannot_be_written(
    db: None, settings, tmp_path: Path, caplog
) -> None:
    (tmp_path / "file").touch()
    settings.AUDIT_SEAL_DIR = tmp_path / "file" / "seals"
    write_log(1)

    assert sealed_log.seal().number == 1
    assert "Seal 1 is only in the database. Fix AUDIT_SEAL_DIR" in caplog.text
    assert log_status.measure_log(now=AT).has_second_copy is False
    write_log(1)
    with pytest.raises(CommandError, match=r"Seal 2 is only in the database\. Fix AUDIT_SEAL_DIR"):
        call_command("audit", "seal")
    settings.AUDIT_SEAL_DIR = tmp_path
    write_log(1)
    call_command("audit", "seal")
    assert log_status.measure_log(now=AT).has_second_copy is True


def test_a_restored_copy_of_the_database_is_found_by_the_copies_of_newer_seals(
    db: None, settings, tmp_path: Path
) -> None:
    settings.AUDIT_SEAL_DIR = tmp_path
    size = sealed_log.write_sealed_log(3, 2)
    with suppress(_Restored), transaction.atomic():
        # Rolling back to this point restores the database; the folder keeps what was written.
        write_log(4)
        sealed_log.seal()
        raise _Restored

    assert LogHead.entries() == size
    verdict = verdict_on_log()
    assert isinstance(verdict, ShorterThanSeal)
    # What is then appended in place of the lost entries does not match, either.
    write_log(9)
    assert isinstance(verdict_on_log(), SealMismatch | BadSeal)


class _Restored(Exception):
    """The database was restored."""


@pytest.mark.parametrize(
    "values",
    [{"size": 10**9}, {"size": 0}, {"note": "no seal"}, {"number": 10**6, "note": ""}],
    ids=str,
)
def test_a_row_of_a_seal_that_somebody_adds_postpones_no_seal(
    db: None, values: dict[str, object]
) -> None:
    write_log(2)
    seal = sealed_log.seal()
    write_log(1)
    assert not is_due(now=AT)

    added = {"number": 2, "at": AT, "size": seal.size, "key": seal.key, "note": seal.note}
    LogSeal.objects.create(reason="schedule", **added | values)

    assert is_due(now=AT)


def test_a_copy_that_could_not_be_written_is_written_with_the_next_seal(
    db: None, settings, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings.AUDIT_SEAL_DIR = tmp_path / "file" / "seals"
    write_log(1)
    first = sealed_log.seal()
    settings.AUDIT_SEAL_DIR = tmp_path
    write_log(1)
    second = sealed_log.seal()

    assert dict(second_copy.read_copies()) == {1: first.note, 2: second.note}


def test_a_seal_is_due_an_hour_after_the_last_if_entries_were_added(db: None) -> None:
    assert not is_due(now=AT)
    write_log(1)
    assert is_due(now=AT)
    make_seal(reason="schedule", by=SYSTEM, now=AT)
    assert not is_due(now=AT + timedelta(hours=2))
    write_log(1)
    assert not is_due(now=AT + timedelta(minutes=59))
    assert is_due(now=AT + timedelta(hours=1))
    assert is_due(now=AT - timedelta(hours=1))


def test_the_schedule_seals_and_verifies_every_night(transactional_db: None, clock) -> None:
    write_log(3)

    tasks.seal_log.func()
    run = begin_nightly_verification(by=SYSTEM, now=AT)
    assert run is not None
    tasks.verify_log.func(run.pk)

    run.refresh_from_db()
    assert (run.verdict, run.newest_seal, run.by, run.checked) == ("intact", 1, "system", 4)
    assert begin_nightly_verification(by=SYSTEM, now=AT + timedelta(hours=3)) is None
    assert begin_nightly_verification(by=SYSTEM, now=AT + timedelta(days=1)) is not None
    assert LogSeal.objects.get().reason == "schedule"


def test_an_abandoned_nightly_verification_is_taken_over(db: None) -> None:
    run = begin_nightly_verification(by=SYSTEM, now=AT)

    assert begin_nightly_verification(by=SYSTEM, now=AT + timedelta(minutes=30)) is None
    assert begin_nightly_verification(by=SYSTEM, now=AT + timedelta(minutes=90)) == run


def test_a_damaged_log_raises_the_alarm_and_can_be_appended_to(db: None, caplog) -> None:
    sealed_log.write_sealed_log(4, 2)
    log_tampering.edit_body(2, 7)

    run = verify_log(by=PRIYA, now=AT)

    (alarm,) = [line for line in caplog.records if line.name == "assignments.audit.alarm"]
    assert (alarm.levelno, alarm.message) == (
        logging.ERROR,
        "The audit log is broken. Altered at entry 2: body does not match the tree.",
    )
    assert log_tampering.body(7)["detail"]["verdict"] == run.detail
    with transaction.atomic():
        assert record(created(), by=PRIYA, at=AT) == 8
    assert sealed_log.seal().size == 9


@pytest.mark.parametrize(
    ("seconds", "note"),
    [
        pytest.param((0, 1_800, 1_500, 1_800), "", id="within the slack"),
        pytest.param(
            (0, 1_800, 1_499, -3_600),
            "At entry 2 the clock had been set back by 0:05:01.",
            id="beyond the slack, and further back later",
        ),
        pytest.param(
            (0, 1_800, 1_600, -3_600),
            "At entry 3 the clock had been set back by 1:30:00.",
            id="since the latest time, not the one before",
        ),
    ],
)
def test_a_clock_that_was_set_back_is_noted(db: None, seconds, note: str) -> None:
    with transaction.atomic():
        for number, second in enumerate(seconds):
            record(created(number), by=PRIYA, at=AT + timedelta(seconds=second))

    verdict = verdict_on_log()
    assert isinstance(verdict, Unsealed)
    assert verdict.note.strip() == note


def test_a_clock_that_was_set_back_between_two_chunks_is_noted() -> None:
    def rows(start: int, *times: str) -> list[Row]:
        moments = [f"2026-11-23 {time}:00" for time in times]
        return [Row(seq, b"", b"", b"", "", (moment,)) for seq, moment in enumerate(moments, start)]

    clock = ClockCheck()
    clock.check(rows(0, "12:00", "12:30"))
    clock.check(rows(2, "11:00", "11:30"))
    clock.check(rows(4, "10:00", "13:00"))

    assert clock.note == " At entry 2 the clock had been set back by 1:30:00."


@pytest.mark.parametrize(
    ("tamper", "state"),
    [
        pytest.param(None, State.INTACT, id="untouched"),
        pytest.param(log_tampering.edit_body, State.ALTERED, id="another body"),
        pytest.param(log_tampering.edit_body_and_leaf, State.ALTERED, id="another body and hash"),
        pytest.param(log_tampering.edit_column, State.ALTERED, id="another column"),
        pytest.param(sealed_log.rewrite_log, State.ALTERED, id="the whole chain rewritten"),
    ],
)
def test_check_entry(db: None, tamper, state: State) -> None:
    sealed_log.write_sealed_log(6, 1)
    if tamper:
        tamper(3, 8)

    assert check_entry(3).state == state
    assert check_entry(6).state == State.NEW


@pytest.mark.core
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"size": 7}, "another size in the database than in its signed text"),
        ({"key": "other+00000000"}, "another key in the database than in its signed text"),
        (
            {"size": 5, "at": AT - timedelta(days=1)},
            "another size and at in the database than in its signed",
        ),
        ({"at": AT - timedelta(days=1)}, "another at in the database than in its entry in the log"),
        ({"reason": "export"}, "another reason in the database than in its entry in the log"),
    ],
    ids=str,
)
def test_changed_columns_of_a_seal_are_named(db: None, values: dict[str, object], why: str) -> None:
    write_log(6)
    sealed_log.seal()
    write_log(2)
    sealed_log.seal()
    assert isinstance(verdict_on_log(), Intact)

    sealed_log.change_column(1, **values)

    verdict = verdict_on_log()
    assert isinstance(verdict, BadSeal)
    assert verdict.sentence.startswith(f"Seal 1 has {why}")
    assert check_entry(2).state != State.INTACT


def test_check_entry_needs_a_trusted_seal(db: None) -> None:
    sealed_log.write_sealed_log(6, 1)
    sealed_log.resign_seals()

    check = check_entry(3)

    assert check.state == State.UNPROVEN
    assert "signed with an unknown key" in check.seal_fault


FURTHER_REFUSED = (
    "UPDATE assignments_personalvalue SET value = 'x'",
    "TRUNCATE assignments_personalvalue",
    "DELETE FROM assignments_loghead",
    "DELETE FROM assignments_logtile",
    "DELETE FROM assignments_verification",
    "DELETE FROM assignments_logforwarding",
)


def test_the_application_role_can_append_and_read_only(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("Only PostgreSQL has roles")
    sealed_log.write_sealed_log(3, 1)
    with connection.cursor() as cursor:
        cursor.execute(grants.role_sql("desk_app_in_a_test"))
        cursor.execute("SET LOCAL ROLE desk_app_in_a_test")
        for table in ("assignments_logentry", "assignments_logseal"):
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", _update(table)):
                with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                    cursor.execute(statement)
        for statement in FURTHER_REFUSED:
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                cursor.execute(statement)
    write_log(2)
    assert sealed_log.seal().number == 2
    assert isinstance(verdict_on_log(), Intact)
    assert (LogEntry.objects.count(), Verification.objects.count()) == (8, 0)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def _update(table: str) -> str:
    column = "result" if table == "assignments_logentry" else "note"
    return f"UPDATE {table} SET {column} = 'x'"
