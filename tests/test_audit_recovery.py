"""Recovery from damage at the end of the log: appending continues and the damage stays reported."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.audit.entries.canonical import canonical
from assignments.audit.integrity.recovery import Damage
from assignments.audit.integrity.verdicts import (
    Altered,
    Fault,
    Forged,
    HeadMismatch,
    Intact,
    Unsealed,
)
from assignments.audit.log import record, record_all
from assignments.audit.merkle.tree import Frontier, leaf_hash
from assignments.audit.seals.sealing import NotSealed
from assignments.audit.verification import standalone
from assignments.audit.verification.one_entry import State, check_entry
from assignments.audit.verification.whole_log import verdict_on_log, verify_log
from assignments.models import LogEntry, LogHead, LogSeal
from tests import log_tampering, sealed_log
from tests.concurrency import run_concurrently
from tests.log_fixtures import AT, PRIYA, created, write_log

pytestmark = pytest.mark.core

SIZE = 7


def lose_head() -> None:
    """Delete the head."""
    LogHead.objects.all().delete()


def damage_head() -> None:
    """Write an invalid frontier."""
    LogHead.objects.update(frontier=b"gone")


def set_back_head() -> None:
    """Set the head back to an earlier size."""
    LogHead.objects.update(size=4, frontier=frontier_of(4))


def frontier_of(size: int) -> bytes:
    """Return the frontier of the first entries."""
    leaves = LogEntry.objects.filter(seq__lt=size).order_by("seq").values_list("leaf", flat=True)
    return Frontier().append(bytes(leaf) for leaf in leaves).to_bytes()


def insert_copy() -> None:
    """Insert a copy of the first entry after the head."""
    log_tampering.append(0, SIZE)


def insert_forged(seq: int = SIZE) -> None:
    """Insert an entry after the head that is valid, but was not written by the product."""
    log_tampering.copy(1, seq)
    log_tampering.rewrite(seq, canonical({**log_tampering.body(1), "seq": seq}))


def insert_forged_after_a_gap() -> None:
    """Insert an entry two numbers later, within the range of the next group."""
    insert_forged(SIZE + 2)


def insert_two_forged_with_a_gap() -> None:
    """Insert two entries after the head, a number apart."""
    insert_forged()
    insert_forged(SIZE + 2)


DAMAGES = {
    "head lost": (lose_head, 0, SIZE - 1),
    "head damaged": (damage_head, 0, SIZE - 1),
    "head set back": (set_back_head, 4, SIZE - 1),
    "copy inserted": (insert_copy, SIZE, SIZE),
    "forged entry inserted": (insert_forged, SIZE, SIZE),
    "forged entry after a gap": (insert_forged_after_a_gap, SIZE, SIZE + 2),
    "forged entries with a gap": (insert_two_forged_with_a_gap, SIZE, SIZE + 2),
}


def append(size: int = 3) -> range:
    """Append a group as the product does."""
    with transaction.atomic():
        events = [created(number) for number in range(size)]
        return record_all(events, by=PRIYA, at=AT)


@pytest.mark.parametrize("name", DAMAGES)
def test_appending_continues_and_records_the_damage(db: None, name: str, caplog) -> None:
    write_log(SIZE)
    damage, first, last = DAMAGES[name]
    damage()

    numbers = append()

    assert numbers == range(last + 2, last + 5)
    entry = log_tampering.body(last + 1)
    assert (entry["action"], entry["subject"]) == ("log.damage_detected", "log")
    assert entry["actor"]["ref"] == "system"
    assert (entry["detail"]["first"], entry["detail"]["last"]) == (first, last)
    assert [log_tampering.body(seq)["action"] for seq in numbers] == ["assignment.created"] * 3
    assert caplog.text.count("The audit log is broken.") == 1
    assert append().start == numbers.stop
    assert LogHead.objects.get().size == numbers.stop + 3
    verdict = verdict_on_log()
    assert isinstance(verdict, Altered | Forged)
    assert first <= verdict.seq <= last


def test_a_forged_entry_is_named_and_never_sealed(db: None) -> None:
    write_log(SIZE)
    sealed_log.seal()
    insert_forged(SIZE + 1)
    append()

    with pytest.raises(NotSealed, match="Forged at entry 8: it was not written by this product"):
        sealed_log.seal()

    assert verdict_on_log() == Forged(SIZE + 1)
    assert check_entry(SIZE + 1).state == State.ALTERED
    assert check_entry(SIZE).state == State.NEW
    assert check_entry(SIZE - 1).state == State.INTACT


def test_entries_after_a_head_that_was_set_back_stay_in_question(db: None) -> None:
    write_log(SIZE)
    set_back_head()
    append()
    sealed_log.seal()

    assert verdict_on_log() == Altered(4, Fault.ADOPTED, SIZE - 1)
    assert verdict_on_log().sentence == (
        "Altered in one of the entries 4 to 6: was beyond the recorded end of the log and was "
        "adopted by a recovery."
    )
    assert check_entry(SIZE - 1).state == State.ALTERED
    assert check_entry(3).state == State.INTACT
    assert check_entry(SIZE + 2).state == State.INTACT


def test_a_lost_head_does_not_affect_sealed_entries(db: None) -> None:
    size = sealed_log.write_sealed_log(SIZE, 0)
    lose_head()

    append()
    sealed_log.seal()

    # The entry of the seal itself came after it.
    assert verdict_on_log() == Altered(size - 1, Fault.ADOPTED)


def test_a_lost_head_of_a_completely_sealed_log_is_only_noted(db: None) -> None:
    write_log(SIZE)
    sealed_log.seal()
    log_tampering.truncate(SIZE, SIZE + 1)
    lose_head()

    append()
    sealed_log.seal()

    verdict = verdict_on_log()
    assert isinstance(verdict, Intact)
    assert verdict.sentence.endswith(" Its head was lost and recomputed from 7 entries.")


def test_an_entry_far_after_the_head_is_reported_and_not_adopted(db: None) -> None:
    write_log(SIZE)
    insert_forged(SIZE + 1_000)

    assert append() == range(SIZE, SIZE + 3)
    assert verdict_on_log() == HeadMismatch(SIZE + 1_001, SIZE + 3)
    verdict = verify_log(by=PRIYA, now=AT)
    assert log_tampering.body(SIZE + 3)["detail"]["verdict"] == verdict.detail


def test_an_entry_right_after_the_next_group_is_not_adopted(db: None) -> None:
    write_log(SIZE)
    # A group of three and the record of damage would take four numbers.
    insert_forged(SIZE + 4)

    assert append() == range(SIZE, SIZE + 3)
    assert not LogEntry.objects.filter(action="log.damage_detected").exists()


def test_a_log_without_its_head_and_its_start_can_be_appended_to(db: None) -> None:
    write_log(SIZE)
    log_tampering.copy(1, SIZE + 1_000)
    log_tampering.run("DELETE FROM {table} WHERE seq <= %s", SIZE)
    lose_head()

    assert append() == range(1, 4)
    assert log_tampering.body(0)["result"] == "head lost"


def test_a_forged_seal_does_not_prove_adopted_entries(db: None) -> None:
    write_log(SIZE)
    set_back_head()
    LogSeal.objects.create(number=1, at=AT, size=SIZE, reason="request", note="forged")
    append()
    assert log_tampering.body(SIZE)["detail"]["sealed_size"] == SIZE
    sealed_log.delete_seal(1)
    sealed_log.seal()

    assert verdict_on_log() == Altered(4, Fault.ADOPTED, SIZE - 1)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        pytest.param(
            Damage(0, 1_233, 0, is_head_lost=True),
            "Its head was lost and recomputed from 1,234 entries.",
            id="a lost head",
        ),
        pytest.param(
            Damage(1_000, 1_000, 0, is_head_lost=False),
            "Entry 1,000 was found after its end and adopted.",
            id="one entry",
        ),
        pytest.param(
            Damage(1_000, 1_001, 0, is_head_lost=False),
            "Entries 1,000 to 1,001 were found after its end and adopted.",
            id="two entries",
        ),
    ],
)
def test_damage_as_sentences(damage: Damage, sentence: str) -> None:
    assert damage.sentence == sentence


def test_an_empty_log_without_a_head_can_be_started(db: None) -> None:
    lose_head()
    assert append() == range(3)
    assert isinstance(verdict_on_log(), Unsealed)


def test_a_hash_of_the_wrong_length_does_not_stop_appending(db: None) -> None:
    write_log(SIZE)
    insert_copy()
    log_tampering.run("UPDATE {table} SET leaf = %s WHERE seq = %s", b"short", SIZE)

    append()
    assert append() == range(SIZE + 5, SIZE + 8)
    assert isinstance(verdict_on_log(), Altered)


def test_a_forged_record_of_damage_hides_nothing(db: None) -> None:
    write_log(SIZE)
    sealed_log.seal()
    forged = {
        **log_tampering.body(1),
        "seq": SIZE + 1,
        "action": "log.damage_detected",
        "detail": {},
    }
    log_tampering.copy(1, SIZE + 1)
    log_tampering.rewrite(SIZE + 1, canonical(forged))
    columns = "action = 'log.damage_detected', search_text = ''"
    log_tampering.run(f"UPDATE {{table}} SET {columns} WHERE seq = %s", SIZE + 1)

    append()

    assert verdict_on_log() == Forged(SIZE + 1)


def export(folder: Path, query: str = "") -> standalone.FileVerdict:
    """Return what the standalone verifier reports about an export."""
    path = folder / "log.jsonl"
    words = ["--query", query] if query else []
    call_command("audit", "export", "--format", "jsonl", "-o", path, *words)
    return standalone.verify_file(path)


@pytest.mark.parametrize("query", ["", "action:assignment.created"])
def test_an_export_reports_adopted_entries(db: None, tmp_path: Path, query: str) -> None:
    write_log(SIZE)
    insert_forged()
    append()

    verdict = export(tmp_path, query)

    assert (verdict.word, verdict.seq) == ("altered", SIZE)
    assert "adopted" in verdict.sentence
    heading = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert heading["adopted"] == [[SIZE, SIZE]]


def test_an_export_without_adopted_entries_is_valid(db: None, tmp_path: Path) -> None:
    write_log(SIZE)
    insert_forged()
    append()

    assert export(tmp_path, "action:log.damage_detected").code in {
        standalone.INTACT,
        standalone.NOT_PROVEN,
    }


@pytest.mark.slow
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.integers(1, 9),
    st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(1, 5)), max_size=4),
)
def test_every_group_is_written_after_any_damage(
    db: None, size: int, acts: list[tuple[int, bool, int]]
) -> None:
    with transaction.atomic():
        write_log(max(size, 2))
        written: list[int] = []
        for distance, is_lost, group in acts:
            if is_lost:
                lose_head()
            end = (LogEntry.objects.order_by("-seq").values_list("seq", flat=True)[0]) + 1
            insert_forged(end + distance)
            written += append(group)
        assert len(set(written)) == len(written)
        bodies = [log_tampering.body(seq) for seq in written]
        assert [body["seq"] for body in bodies] == written
        leaves = LogEntry.objects.filter(seq__in=written).values_list("body", "leaf")
        assert all(leaf_hash(bytes(body)) == bytes(leaf) for body, leaf in leaves)
        assert isinstance(verdict_on_log(), Altered | Forged | HeadMismatch) == bool(acts)
        transaction.set_rollback(True)


def test_concurrent_writers_recover_from_a_lost_head(transactional_db: None) -> None:
    write_log(SIZE)
    lose_head()
    numbers: list[int] = []

    def write() -> None:
        for number in range(5):
            with transaction.atomic():
                numbers.append(record(created(number), by=PRIYA, at=AT))

    run_concurrently(*[write] * 4)

    assert sorted(numbers) == list(range(SIZE + 1, SIZE + 21))
    assert LogEntry.objects.filter(action="log.damage_detected").count() == 1
