"""Nobody stops the desk by damaging its log: it goes on behind a break, which stays red."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignments.audit.entries.canonical import canonical
from assignments.audit.integrity.verdicts import Altered, Fault, HeadMismatch, Intact, Unsealed
from assignments.audit.log import record, record_all
from assignments.audit.merkle.tree import Frontier, leaf_hash
from assignments.audit.verification import standalone
from assignments.audit.verification.one_entry import State, check_entry
from assignments.audit.verification.whole_log import verdict_on_log, verify_log
from assignments.models import LogEntry, LogHead
from tests import log_tampering, sealed_log
from tests.concurrency import at_once
from tests.log_fixtures import AT, PRIYA, created, write_log

SIZE = 7


def lose_head() -> None:
    """Remove the head."""
    LogHead.objects.all().delete()


def damage_head() -> None:
    """Leave roots that are none."""
    LogHead.objects.update(frontier=b"gone")


def set_back_head() -> None:
    """Let the head say what it once did."""
    LogHead.objects.update(size=4, frontier=frontier_of(4))


def frontier_of(size: int) -> bytes:
    """Return the roots of the log's beginning."""
    leaves = LogEntry.objects.filter(seq__lt=size).order_by("seq").values_list("leaf", flat=True)
    return Frontier().append(bytes(leaf) for leaf in leaves).to_bytes()


def put_behind() -> None:
    """Put a copy where the next entry belongs."""
    log_tampering.append(0, SIZE)


def put_behind_well_made(seq: int = SIZE) -> None:
    """Put an entry there that fits in everything but that nobody wrote it."""
    log_tampering.copy(1, seq)
    log_tampering.rewrite(seq, canonical({**log_tampering.body(1), "seq": seq}))


def put_behind_a_gap() -> None:
    """Put an entry two numbers further, where the next group will come."""
    put_behind_well_made(SIZE + 2)


BREAKS = {
    "head lost": (lose_head, 0, SIZE - 1),
    "head damaged": (damage_head, 0, SIZE - 1),
    "head set back": (set_back_head, 4, SIZE - 1),
    "put behind": (put_behind, SIZE, SIZE),
    "put behind, well made": (put_behind_well_made, SIZE, SIZE),
    "put behind a gap": (put_behind_a_gap, SIZE, SIZE + 2),
}


def append(size: int = 3) -> range:
    """Append a group as the desk does."""
    with transaction.atomic():
        events = [created(number) for number in range(size)]
        return record_all(events, by=PRIYA, at=AT)


@pytest.mark.parametrize("name", BREAKS)
def test_the_desk_goes_on_and_the_break_is_an_entry(db: None, name: str, caplog) -> None:
    write_log(SIZE)
    damage, first, last = BREAKS[name]
    damage()

    numbers = append()

    assert numbers == range(last + 2, last + 5)
    told = log_tampering.body(last + 1)
    assert (told["action"], told["subject"]) == ("log.damage_detected", "log")
    assert told["actor"]["ref"] == "system"
    assert (told["detail"]["first"], told["detail"]["last"]) == (first, last)
    assert [log_tampering.body(seq)["action"] for seq in numbers] == ["assignment.created"] * 3
    assert caplog.text.count("The audit log is broken.") == 1
    assert append().start == numbers.stop
    assert LogHead.objects.get().size == numbers.stop + 3
    found = verdict_on_log()
    assert isinstance(found, Altered)
    assert first <= found.seq <= last


def test_a_well_made_entry_that_nobody_wrote_stays_in_question(db: None) -> None:
    write_log(SIZE)
    put_behind_well_made()
    append()
    sealed_log.seal()

    assert verdict_on_log() == Altered(SIZE, Fault.ADOPTED)
    assert verdict_on_log().sentence == (
        "Altered at entry 7: stood behind the log's end, where nothing had been written, "
        "and was taken up."
    )
    assert check_entry(SIZE).state == State.ALTERED
    assert check_entry(SIZE - 1).state == State.INTACT
    assert check_entry(SIZE + 2).state == State.INTACT


def test_a_lost_head_is_no_loss_for_what_was_sealed(db: None) -> None:
    size = sealed_log.write_sealed_log(SIZE, 0)
    lose_head()

    append()
    sealed_log.seal()

    # The entry of the seal itself came after it.
    assert verdict_on_log() == Altered(size - 1, Fault.ADOPTED)


def test_a_lost_head_of_a_log_that_was_sealed_whole_is_only_told(db: None) -> None:
    write_log(SIZE)
    sealed_log.seal()
    log_tampering.cut_off(SIZE, SIZE + 1)
    lose_head()

    append()
    sealed_log.seal()

    found = verdict_on_log()
    assert isinstance(found, Intact)
    assert found.sentence.endswith(" Its head was lost and worked out again from 7 entries.")


def test_an_entry_far_behind_is_named_and_let_be(db: None) -> None:
    write_log(SIZE)
    put_behind_well_made(SIZE + 1_000)

    assert append() == range(SIZE, SIZE + 3)
    assert verdict_on_log() == HeadMismatch(SIZE + 1_001, SIZE + 3)
    found = verify_log(by=PRIYA, now=AT)
    assert log_tampering.body(SIZE + 3)["detail"]["verdict"] == found.detail


def test_an_empty_log_without_a_head_begins(db: None) -> None:
    lose_head()
    assert append() == range(3)
    assert isinstance(verdict_on_log(), Unsealed)


def test_a_hash_of_another_length_does_not_stop_the_log(db: None) -> None:
    write_log(SIZE)
    put_behind()
    log_tampering.run("UPDATE {table} SET leaf = %s WHERE seq = %s", b"short", SIZE)

    append()
    assert append() == range(SIZE + 5, SIZE + 8)
    assert isinstance(verdict_on_log(), Altered)


def test_an_entry_of_a_break_that_nobody_wrote_hides_nothing(db: None) -> None:
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

    assert verdict_on_log() == Altered(SIZE + 1, Fault.ADOPTED)


def export(folder: Path, query: str = "") -> standalone.FileVerdict:
    """Return what the stand-alone program finds in an export."""
    path = folder / "log.jsonl"
    words = ["--query", query] if query else []
    call_command("audit", "export", "--format", "jsonl", "-o", path, *words)
    return standalone.verify_file(path)


@pytest.mark.parametrize("query", ["", "action:assignment.created"])
def test_an_export_carries_what_is_in_question(db: None, tmp_path: Path, query: str) -> None:
    write_log(SIZE)
    put_behind_well_made()
    append()

    found = export(tmp_path, query)

    assert (found.word, found.seq) == ("altered", SIZE)
    assert "adopted by a recovery" in found.sentence
    heading = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    assert heading["adopted"] == [[SIZE, SIZE]]


def test_an_export_without_it_is_proven(db: None, tmp_path: Path) -> None:
    write_log(SIZE)
    put_behind_well_made()
    append()

    assert export(tmp_path, "action:log.damage_detected").code in {
        standalone.INTACT,
        standalone.NOT_PROVEN,
    }


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.integers(1, 9),
    st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(1, 5)), max_size=4),
)
def test_whatever_stands_behind_the_end_every_group_is_written(
    db: None, size: int, acts: list[tuple[int, bool, int]]
) -> None:
    with transaction.atomic():
        write_log(max(size, 2))
        written: list[int] = []
        for distance, is_lost, group in acts:
            if is_lost:
                lose_head()
            end = (LogEntry.objects.order_by("-seq").values_list("seq", flat=True)[0]) + 1
            put_behind_well_made(end + distance)
            written += append(group)
        assert len(set(written)) == len(written)
        bodies = [log_tampering.body(seq) for seq in written]
        assert [body["seq"] for body in bodies] == written
        leaves = LogEntry.objects.filter(seq__in=written).values_list("body", "leaf")
        assert all(leaf_hash(bytes(body)) == bytes(leaf) for body, leaf in leaves)
        assert isinstance(verdict_on_log(), Altered | HeadMismatch) == bool(acts)
        transaction.set_rollback(True)


def test_several_writers_go_on_together_after_the_head_was_lost(transactional_db: None) -> None:
    write_log(SIZE)
    lose_head()
    taken: list[int] = []

    def write() -> None:
        for number in range(5):
            with transaction.atomic():
                taken.append(record(created(number), by=PRIYA, at=AT))

    at_once(*[write] * 4)

    assert sorted(taken) == list(range(SIZE + 1, SIZE + 21))
    assert LogEntry.objects.filter(action="log.damage_detected").count() == 1
