"""Whatever is done to a sealed log, wherever, is found and named; what is untouched never alarms.

MUTATIONS sets how many places are tried: a hundred or so by default, thousands when asked for.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction

from assignments.audit.integrity.verdicts import (
    Altered,
    BadSeal,
    Fault,
    HeadMismatch,
    Intact,
    SealMismatch,
    ShorterThanSeal,
    Verdict,
)
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import LogHead
from tests import log_tampering, sealed_log

MUTATIONS = int(os.environ.get("MUTATIONS", "130"))
SIZES = (9, 13, 6, 4)
SEALED, SIZE = 30, 35
Named = Callable[[Verdict, int], bool]


def altered(how: Fault) -> Named:
    """Return whether the verdict names exactly the entry, and how."""
    return lambda found, seq: found == Altered(seq, how)


def rewritten(found: Verdict, seq: int) -> bool:
    """Exactly in the rows that are kept, else among the leaves of one subtree."""
    if seq < SEALED:
        return found == Altered(seq, Fault.BODY)
    return isinstance(found, Altered) and found.seq <= seq <= (found.last or found.seq)


def shortened(found: Verdict, seq: int) -> bool:
    if seq < SEALED:
        return isinstance(found, ShorterThanSeal) and found.size == seq
    return found == HeadMismatch(seq, SIZE)


def closed_up(found: Verdict, seq: int) -> bool:
    is_last = seq == SIZE - 1
    return found == (HeadMismatch(seq, SIZE) if is_last else Altered(seq, Fault.OUT_OF_ORDER))


def missing(found: Verdict, seq: int) -> bool:
    is_last = seq == SIZE - 1
    return found == (HeadMismatch(seq, SIZE) if is_last else Altered(seq, Fault.MISSING))


def not_as_sealed(found: Verdict, seq: int) -> bool:
    return isinstance(found, SealMismatch) and found.start <= seq < found.stop


def inserted(found: Verdict, seq: int) -> bool:
    is_last = seq == SIZE - 1
    return found == (HeadMismatch(SIZE + 1, SIZE) if is_last else Altered(seq, Fault.INSERTED))


CLASSES: dict[str, tuple[Callable[[int, int], None], Named, int]] = {
    "edited body": (log_tampering.edit_body, altered(Fault.BODY), SIZE),
    "edited hash": (log_tampering.edit_leaf, altered(Fault.BODY), SIZE),
    "edited body and hash": (log_tampering.edit_body_and_leaf, rewritten, SIZE),
    "edited column": (log_tampering.edit_column, altered(Fault.INDEXES), SIZE),
    "edited time": (log_tampering.edit_time, altered(Fault.INDEXES), SIZE),
    "moved time": (sealed_log.move_time, rewritten, SIZE),
    "moved time, all made to fit": (sealed_log.move_time_and_head, not_as_sealed, SEALED),
    "deleted": (log_tampering.delete, missing, SIZE),
    "deleted and closed up": (log_tampering.delete_and_close_up, closed_up, SIZE),
    "pushed in": (log_tampering.push_in, inserted, SIZE),
    "appended": (
        log_tampering.append,
        lambda found, _: found == HeadMismatch(SIZE + 1, SIZE),
        SIZE,
    ),
    "swapped": (log_tampering.swap_with_the_last, altered(Fault.OUT_OF_ORDER), SIZE - 1),
    "cut off": (log_tampering.cut_off, shortened, SIZE),
    "cut off, head made to fit": (sealed_log.cut_off_and_move_head, shortened, SEALED),
    "whole chain rewritten": (sealed_log.rewrite_chain, not_as_sealed, SEALED),
}


@pytest.fixture
def outside(db: None, settings, tmp_path: Path) -> Path:
    """Return the second place of the seals of a log that was written and sealed."""
    settings.AUDIT_SEAL_DIR = tmp_path / "seals"
    assert sealed_log.write_sealed_log(*SIZES) == SIZE
    return tmp_path / "seals"


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_of_tampering_is_named_wherever_it_is_done(outside: Path, name: str) -> None:
    tamper, is_named, places = CLASSES[name]
    chance = random.Random(name)
    for _ in range(max(1, MUTATIONS // len(CLASSES))):
        seq = chance.randrange(places)
        with transaction.atomic():
            tamper(seq, SIZE)
            found = verdict_on_log()
            transaction.set_rollback(True)
        assert is_named(found, seq), (name, seq, found)
    assert isinstance(verdict_on_log(), Intact)


def test_untouched_logs_never_alarm(db: None, settings, tmp_path: Path) -> None:
    chance = random.Random(5)
    for number in range(max(3, MUTATIONS // 20)):
        settings.AUDIT_SEAL_DIR = tmp_path / str(number)
        with transaction.atomic():
            sizes = [chance.randrange(1, 40) for _ in range(chance.randrange(2, 6))]
            size = sealed_log.write_sealed_log(*sizes)
            whole, since = verdict_on_log(), verdict_on_log(since_seal=True)
            transaction.set_rollback(True)
        assert isinstance(whole, Intact)
        assert (whole.size, whole.seal) == (size, len(sizes) - 1)
        assert (since.word, since.sentence[:17]) == ("intact since a seal", "Intact since seal")


def test_seals_signed_anew_by_another_key_are_found(outside: Path) -> None:
    sealed_log.rewrite_chain(4, SIZE)
    sealed_log.sign_anew(outside)

    found = verdict_on_log()

    assert isinstance(found, BadSeal)
    assert found.sentence.startswith("Seal 1 has a key that is unknown here.")


def test_a_rewritten_chain_is_found_by_the_seals_outside_alone(outside: Path) -> None:
    sealed_log.rewrite_chain(12, SIZE)
    for number in (1, 2, 3):
        sealed_log.delete_seal(number)

    assert verdict_on_log() == SealMismatch(2, 9, 23)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_edited_seal_is_found(outside: Path, number: int) -> None:
    note = (outside / f"seal-{number:010}.txt").read_text()
    sealed_log.change_seals(note.replace("\n", "\n1", 1), number)

    found = verdict_on_log()

    assert isinstance(found, BadSeal)
    assert found.sentence == (
        f"Seal {number} has a wrong signature. The signature of PeterNeumann does not match. "
        "It was altered."
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_seal_that_is_gone_is_found_even_without_its_copy(outside: Path, number: int) -> None:
    sealed_log.delete_seal(number)
    (outside / f"seal-{number:010}.txt").unlink()

    assert verdict_on_log() == BadSeal(number, "is gone from the database.")


def test_a_copy_that_was_exchanged_is_found(outside: Path) -> None:
    one, other = (outside / f"seal-{number:010}.txt" for number in (1, 2))
    one.write_text(other.read_text())

    assert verdict_on_log() == BadSeal(
        1, "is another one in its second place than in the database."
    )


@pytest.mark.parametrize("seq", [0, 7, SEALED - 1])
def test_a_damaged_row_of_hashes_is_told_from_an_altered_entry(outside: Path, seq: int) -> None:
    sealed_log.edit_row(seq)

    assert verdict_on_log() == Altered(seq, Fault.TILE)


def test_since_the_seal_finds_what_was_done_after_it(outside: Path) -> None:
    log_tampering.edit_body(SEALED + 1, SIZE)

    assert verdict_on_log(since_seal=True) == Altered(SEALED + 1, Fault.BODY)


def test_what_stands_before_the_seal_is_not_said_to_be_checked(outside: Path) -> None:
    found = verdict_on_log(since_seal=True)

    assert "were not read" in found.sentence
    assert LogHead.objects.get().size == SIZE
