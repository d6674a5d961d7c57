"""Any tampering with a sealed log is detected and named; an untouched log never raises an alarm.

The environment variable MUTATIONS sets how many entries are tampered with.
"""

import dataclasses
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
    Forged,
    HeadMismatch,
    Intact,
    SealMismatch,
    ShorterThanSeal,
    Verdict,
)
from assignments.audit.seals.sealing import checkpoint_of
from assignments.audit.signing.keys import signing_key
from assignments.audit.verification.whole_log import verdict_on_log
from assignments.models import LogHead, LogSeal
from tests import log_tampering, sealed_log

pytestmark = pytest.mark.slow

MUTATIONS = int(os.environ.get("MUTATIONS", "130"))
SIZES = (9, 13, 6, 4)
SEALED, SIZE = 30, 35
NamesEntry = Callable[[Verdict, int], bool]


def altered(how: Fault) -> NamesEntry:
    """Return a check that the verdict names exactly this entry and fault."""
    return lambda verdict, seq: verdict == Altered(seq, how)


def forged(verdict: Verdict, seq: int) -> bool:
    """Check that it names the entry that the product did not write."""
    return verdict == Forged(seq)


def shortened(verdict: Verdict, seq: int) -> bool:
    if seq < SEALED:
        return isinstance(verdict, ShorterThanSeal) and verdict.size == seq
    return verdict == HeadMismatch(seq, SIZE)


def renumbered(verdict: Verdict, seq: int) -> bool:
    is_last = seq == SIZE - 1
    return verdict == (HeadMismatch(seq, SIZE) if is_last else Altered(seq, Fault.OUT_OF_ORDER))


def missing(verdict: Verdict, seq: int) -> bool:
    is_last = seq == SIZE - 1
    return verdict == (HeadMismatch(seq, SIZE) if is_last else Altered(seq, Fault.MISSING))


def not_as_sealed(verdict: Verdict, seq: int) -> bool:
    return isinstance(verdict, SealMismatch) and verdict.start <= seq < verdict.stop


def inserted(verdict: Verdict, seq: int) -> bool:
    is_last = seq == SIZE - 1
    return verdict == (HeadMismatch(SIZE + 1, SIZE) if is_last else Altered(seq, Fault.INSERTED))


CLASSES: dict[str, tuple[Callable[[int, int], None], NamesEntry, int]] = {
    "edited body": (log_tampering.edit_body, altered(Fault.BODY), SIZE),
    "edited hash": (log_tampering.edit_leaf, altered(Fault.BODY), SIZE),
    "edited body and hash": (log_tampering.edit_body_and_leaf, forged, SIZE),
    "edited MAC": (log_tampering.edit_mac, forged, SIZE),
    "unknown key of its MAC": (log_tampering.name_unknown_key, forged, SIZE),
    "MAC of another entry": (log_tampering.copy_mac, forged, SIZE),
    "edited column": (log_tampering.edit_column, altered(Fault.INDEXES), SIZE),
    "edited time": (log_tampering.edit_time, altered(Fault.INDEXES), SIZE),
    "edited time, body and hash": (sealed_log.change_time, forged, SIZE),
    "edited time, all else matching": (sealed_log.change_time_with_head, not_as_sealed, SEALED),
    "deleted": (log_tampering.delete, missing, SIZE),
    "deleted and renumbered": (log_tampering.delete_and_renumber, renumbered, SIZE),
    "inserted": (log_tampering.insert_after, inserted, SIZE),
    "appended": (
        log_tampering.append,
        lambda verdict, _: verdict == HeadMismatch(SIZE + 1, SIZE),
        SIZE,
    ),
    "swapped": (log_tampering.swap_with_last, altered(Fault.OUT_OF_ORDER), SIZE - 1),
    "truncated": (log_tampering.truncate, shortened, SIZE),
    "truncated with its head": (sealed_log.truncate_with_head, shortened, SEALED),
    "log rewritten": (sealed_log.rewrite_log_without_key, forged, SIZE),
    "log rewritten with the key": (sealed_log.rewrite_log, not_as_sealed, SEALED),
}


@pytest.fixture
def copies(db: None, settings, tmp_path: Path) -> Path:
    """Write a sealed log; return the folder with the second copies of its seals."""
    settings.AUDIT_SEAL_DIR = tmp_path / "seals"
    assert sealed_log.write_sealed_log(*SIZES) == SIZE
    return tmp_path / "seals"


@pytest.mark.parametrize("name", CLASSES)
def test_every_kind_of_tampering_is_named_at_any_entry(copies: Path, name: str) -> None:
    tamper, names_entry, size = CLASSES[name]
    rng = random.Random(name)
    for _ in range(max(1, MUTATIONS // len(CLASSES))):
        seq = rng.randrange(size)
        with transaction.atomic():
            tamper(seq, SIZE)
            verdict = verdict_on_log()
            transaction.set_rollback(True)
        assert names_entry(verdict, seq), (name, seq, verdict)
    assert isinstance(verdict_on_log(), Intact)


def test_untouched_logs_are_intact(db: None, settings, tmp_path: Path) -> None:
    rng = random.Random(5)
    for number in range(max(3, MUTATIONS // 20)):
        settings.AUDIT_SEAL_DIR = tmp_path / str(number)
        with transaction.atomic():
            sizes = [rng.randrange(1, 40) for _ in range(rng.randrange(2, 6))]
            size = sealed_log.write_sealed_log(*sizes)
            whole, since = verdict_on_log(), verdict_on_log(since_seal=True)
            transaction.set_rollback(True)
        assert isinstance(whole, Intact)
        assert (whole.size, whole.seal) == (size, len(sizes) - 1)
        assert (since.word, since.sentence[:17]) == ("intact since a seal", "Intact since seal")


def test_seals_replaced_with_another_key_are_detected(copies: Path) -> None:
    sealed_log.rewrite_log(4, SIZE)
    sealed_log.resign_seals(copies)

    verdict = verdict_on_log()

    assert isinstance(verdict, BadSeal)
    assert verdict.sentence.startswith("Seal 1 is signed with an unknown key.")


def test_a_rewritten_log_is_detected_by_copies_of_seals_alone(copies: Path) -> None:
    sealed_log.rewrite_log(12, SIZE)
    for number in (1, 2, 3):
        sealed_log.delete_seal(number)

    assert verdict_on_log() == SealMismatch(2, 9, 23)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_edited_seal_is_detected(copies: Path, number: int) -> None:
    note = (copies / f"seal-{number:010}.txt").read_text()
    sealed_log.replace_note(note.replace("\n", "\n1", 1), number)

    verdict = verdict_on_log()

    assert isinstance(verdict, BadSeal)
    assert verdict.sentence == (
        f"Seal {number} has an invalid signature. The signature of PeterNeumann does not match. "
        "It was altered."
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_seal_of_another_log_by_the_same_key_is_detected(copies: Path, number: int) -> None:
    sealed = checkpoint_of(LogSeal.objects.get(number=number))
    assert sealed is not None
    note = signing_key().sign(dataclasses.replace(sealed, origin="AnotherLog").text())
    sealed_log.replace_note(note, number)
    (copies / f"seal-{number:010}.txt").write_text(note)

    assert verdict_on_log() == BadSeal(number, "is that of another log, AnotherLog.")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_missing_seal_is_detected_without_its_copy(copies: Path, number: int) -> None:
    sealed_log.delete_seal(number)
    (copies / f"seal-{number:010}.txt").unlink()

    assert verdict_on_log() == BadSeal(number, "is missing from the database.")


def test_a_replaced_copy_is_detected(copies: Path) -> None:
    first, second = (copies / f"seal-{number:010}.txt" for number in (1, 2))
    first.write_text(second.read_text())

    assert verdict_on_log() == BadSeal(1, "differs from its copy outside the database.")


@pytest.mark.parametrize("seq", [0, 7, SEALED - 1])
def test_a_damaged_tile_is_distinguished_from_an_altered_entry(copies: Path, seq: int) -> None:
    sealed_log.edit_tile(seq)

    assert verdict_on_log() == Altered(seq, Fault.TILE)


def test_since_seal_detects_tampering_after_the_seal(copies: Path) -> None:
    log_tampering.edit_body(SEALED + 1, SIZE)

    assert verdict_on_log(since_seal=True) == Altered(SEALED + 1, Fault.BODY)


def test_since_seal_reports_what_was_not_read(copies: Path) -> None:
    verdict = verdict_on_log(since_seal=True)

    assert "were not read" in verdict.sentence
    assert LogHead.objects.get().size == SIZE
